// Completion for bash, 3.2 and later: a function that walks to the command and offers its words.
import type { CompletionCommand } from './tree.js';

export function bashCompletion(name: string, tree: readonly CompletionCommand[]): string {
  const paths = tree.slice(1).map(({ path }) => `"${path}"`);
  const values = tree.flatMap(({ path, options }) =>
    options.flatMap(({ flags, takes }) => {
      if (takes === 'nothing') return [];
      const at = flags.map((flag) => `"${path} ${flag}"`).join('|');
      return [takes === 'anything' ? `    ${at}) return ;;` : `    ${at}) words="${takes.join(' ')}" ;;`];
    }),
  );
  const words = tree.map(({ path, commands, options, argument }) => {
    const own = typeof argument === 'string' ? [] : argument;
    const all = [...commands.map((child) => child.name), ...own, ...options.flatMap(({ flags }) => flags)];
    return `    "${path}") words="${all.join(' ')}" ;;`;
  });
  return `# Completion of ${name} for bash. Put into ~/.bashrc: eval "$(${name} completion bash)"
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" at=${name} words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
    ${paths.join('|')}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  # An option that takes anything is left to bash, which offers files.
  case "$at $previous" in
${values.join('\n')}
  esac
  [[ -n $words ]] || case "$at" in
${words.join('\n')}
  esac
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;
}
