// Completion for fish: one line a word, each with the command it belongs to.
import type { CompletionCommand } from './tree.js';

export function fishCompletion(name: string, tree: readonly CompletionCommand[]): string {
  const paths = tree.slice(1).map(({ path }) => quoted(path));
  const lines = tree.flatMap(({ path, commands, options, argument }) => {
    const here = `complete -c ${name} -n ${quoted(`__${name}_at ${path}`)}`;
    const own = typeof argument === 'string' ? [] : argument.map((word) => ({ name: word, description: '' }));
    return [
      ...(argument === 'anything' ? [`${here} -F`] : []),
      ...[...commands, ...own].map((entry) => `${here} -a ${quoted(entry.name)} -d ${quoted(entry.description)}`),
      ...options.map(({ flags, description, takes }) => {
        const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
        const value = takes === 'nothing' ? '' : takes === 'anything' ? ' -r -F' : ` -x -a ${quoted(takes.join(' '))}`;
        return `${here} ${names.join(' ')}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# Completion of ${name} for fish. Put into ~/.config/fish/config.fish: ${name} completion fish | source
function __${name}_at
    set -l at ${name}
    for word in (commandline -opc)[2..-1]
        contains -- "$at $word" ${paths.join(' ')}
        and set at "$at $word"
    end
    test "$at" = "$argv"
end
complete -c ${name} -f
${lines.join('\n')}
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
