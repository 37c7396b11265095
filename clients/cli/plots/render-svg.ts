// A Vega-Lite picture as SVG, drawn without a browser.
import type { TopLevelSpec } from 'vega-lite';

/** @returns An SVG document. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  // Vega takes half a second to load; only who draws waits for it.
  const [{ compile }, { parse, View }] = await Promise.all([import('vega-lite'), import('vega')]);
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
