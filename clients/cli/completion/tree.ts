// What can be typed, read from the program: commands, their options, and what an option takes.
import type { Command } from 'commander';

export interface CompletionOption {
  /** --study, or with its short form first: -q, --quiet. */
  flags: string[];
  description: string;
  /** What it takes: nothing, one of these words, or anything, such as a file. */
  takes: 'nothing' | 'anything' | readonly string[];
}

export interface CompletionCommand {
  /** Names from the program's on: "omnireg studies list". */
  path: string;
  /** Its subcommands' names. */
  commands: { name: string; description: string }[];
  /** Its own, and those of all commands. */
  options: CompletionOption[];
  /** What its first argument may be: nothing, one of these words, or anything, such as a file. */
  argument: 'nothing' | 'anything' | readonly string[];
}

/** The program and all its commands, the ones with shorter paths first. */
export function completionTree(program: Command): CompletionCommand[] {
  const everywhere = optionsOf(program);
  const visit = (command: Command, path: string): CompletionCommand[] => {
    const shown = command.createHelp().visibleCommands(command);
    const [argument] = command.registeredArguments;
    const hidden = argument?.name() === 'word';
    const own: CompletionCommand = {
      path,
      commands: shown.map((child) => ({ name: child.name(), description: child.description() })),
      options: command === program ? everywhere : [...optionsOf(command), ...everywhere],
      argument: !argument || hidden ? 'nothing' : (argument.argChoices ?? 'anything'),
    };
    return [own, ...shown.flatMap((child) => visit(child, `${path} ${child.name()}`))];
  };
  return visit(program, program.name());
}

function optionsOf(command: Command): CompletionOption[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
      description: option.description,
      takes: option.required || option.optional ? (option.argChoices ?? 'anything') : 'nothing',
    }));
}
