// Sections of a page that a bench writes: between `<!-- NAME -->` and `<!-- /NAME -->`.

/** @throws Error where the page has no such section */
export function replaced(text: string, name: string, body: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(open), text.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`the page has no ${open} … ${close} to write into`);
  return `${text.slice(0, from + open.length)}\n${body}\n${text.slice(to)}`;
}
