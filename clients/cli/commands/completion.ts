// omnireg completion: a script that completes commands and options in a shell.
import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { completionTree } from '../completion/tree.js';
import { zshCompletion } from '../completion/zsh.js';
import { contextOf } from '../options.js';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('write a script that completes commands and options in a shell; its first lines say where to put it')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    .action((shell: keyof typeof SHELLS, _options: object, command: Command) => {
      const { terminal } = contextOf(command);
      const script = SHELLS[shell](program.name(), completionTree(program));
      if (terminal.json) terminal.result({ shell, script });
      else terminal.data(script);
    });
}
