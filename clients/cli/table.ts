// Tables of text in columns, and numbers as short as they stay readable.

export interface Column {
  title: string;
  align: 'left' | 'right';
}

/**
 * @param style Applied to whole rows after they were aligned, by index of the row; -1 is the header.
 * @returns Lines without a final newline; cells two spaces apart, a rule under the header.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: (row: number, line: string) => string = (_, line) => line,
): string {
  const widths = columns.map(({ title }, c) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[c] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, c) => {
        const gap = ' '.repeat(widths[c]! - displayWidth(cells[c] ?? ''));
        return align === 'left' ? (cells[c] ?? '') + gap : gap + (cells[c] ?? '');
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [
    style(-1, line(columns.map(({ title }) => title))),
    style(-1, rule),
    ...rows.map((row, r) => style(r, line(row))),
  ].join('\n');
}

/** Terminal cells of a text: combining marks take none, wide (East Asian, emoji) characters two. */
export function displayWidth(text: string): number {
  let cells = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    cells += /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/u.test(segment)
      ? 2
      : 1;
  }
  return cells;
}

/** At most `digits` significant digits, without an exponent where that stays short. */
export function formatNumber(value: number, digits = 5): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return Number(value.toPrecision(digits)).toExponential();
  return size >= 10 ** digits ? String(Math.round(value)) : String(Number(value.toPrecision(digits)));
}
