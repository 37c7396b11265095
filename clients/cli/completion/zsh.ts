// Completion for zsh: as for bash, with descriptions.
import type { CompletionCommand } from './tree.js';

export function zshCompletion(name: string, tree: readonly CompletionCommand[]): string {
  const paths = tree.slice(1).map(({ path }) => `"${path}"`);
  const values = tree.flatMap(({ path, options }) =>
    options.flatMap(({ flags, takes }) => {
      if (takes === 'nothing') return [];
      const at = flags.map((flag) => `"${path} ${flag}"`).join('|');
      return [`    (${at}) ${takes === 'anything' ? '_files' : `compadd -- ${takes.join(' ')}`}; return ;;`];
    }),
  );
  const words = tree.map(({ path, commands, options, argument }) => {
    const own = typeof argument === 'string' ? [] : argument.map((word) => ({ name: word, description: '' }));
    const entries = [
      ...[...commands, ...own].map((entry) => described(entry.name, entry.description)),
      ...options.flatMap(({ flags, description }) => flags.map((flag) => described(flag, description))),
    ];
    const files = argument === 'anything' ? ' files=1' : '';
    return `    ("${path}") entries=(\n${entries.map((entry) => `      ${entry}`).join('\n')}\n    )${files} ;;`;
  });
  return `#compdef ${name}
# Completion of ${name} for zsh. Put into ~/.zshrc, after compinit: eval "$(${name} completion zsh)"
_${name}() {
  local at=${name} i files=0
  local -a entries
  for ((i = 2; i < CURRENT; i++)); do
    case "$at $words[i]" in
    (${paths.join('|')}) at="$at $words[i]" ;;
    esac
  done
  case "$at $words[CURRENT-1]" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  _describe -o '${name}' entries
  if ((files)) && [[ $words[CURRENT] != -* ]]; then _files; fi
}
if [[ \${funcstack[1]} == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

/** name:description, quoted; a colon in the name would end it. */
function described(name: string, description: string): string {
  return `'${[name.replaceAll(':', '\\:'), description].join(':').replaceAll("'", "'\\''")}'`;
}
