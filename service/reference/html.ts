// Text and the little Markdown that the contract's descriptions use, as HTML that runs nothing.

/** Any text as text, inside an element or an attribute. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** `code` and **strong** inside a line. */
export function inline(text: string): string {
  return escapeHtml(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}

/** Paragraphs, and lists whose entries begin with "- ". */
export function markdown(text: string | undefined): string {
  const blocks = (text ?? '').trim().split(/\n\s*\n/);
  return blocks
    .filter((block) => block !== '')
    .map(blockHtml)
    .join('\n');
}

function blockHtml(block: string): string {
  const entries = block.split(/^- /m);
  if (entries.length === 1) return `<p>${inline(block)}</p>`;
  const [before, ...list] = entries;
  const head = before!.trim() === '' ? '' : `<p>${inline(before!.trim())}</p>`;
  return `${head}<ul>${list.map((entry) => `<li>${inline(entry.trim())}</li>`).join('')}</ul>`;
}
