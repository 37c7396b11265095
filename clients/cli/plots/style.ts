// How all pictures look: one family of letters, and the colours that mean the same in each of them.

export const INK = '#1b2733';
/** What is ours. */
export const BLUE = '#1f6fb2';
/** What it is held against. */
export const GREY = '#9aa5b1';
export const GRID = '#e4e9ee';
export const FONT = 'Inter, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif';

/** Vega-Lite's `config` of a plain chart. */
export const PLAIN = {
  font: FONT,
  axis: { labelColor: INK, titleColor: INK, gridColor: GRID },
  title: { color: INK },
};
