// omnireg serve: the service in the foreground, until Ctrl-C.
import { type Command, Option } from 'commander';
import { CliError, exitCodes } from '../errors.js';
import { contextOf, integerOption } from '../options.js';
import { ServerProcess } from '../server-process.js';
import { readSettings } from './config.js';

const DEVICES = ['auto', 'cpu', 'webgpu', 'cuda'];

interface ServeCommandOptions {
  port?: number;
  host?: string;
  data?: string;
  device?: string;
}

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('start the service (settings are also read from OMNIREG_* variables)')
    .option('--port <n>', 'port to listen on, 0 for any that is free (default: 8080)', integerOption(0, 65_535))
    .option('--host <address>', 'address to listen on (default: 127.0.0.1; any that others can reach needs a key)')
    .option('--data <folder>', 'folder of the database and the models (default: .omnireg)')
    .addOption(
      new Option('--device <name>', 'where models run (default: auto, a GPU where there is one)').choices(DEVICES),
    )
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText('after', '\nAny other setting is a flag too, such as --max-queries 100: "omnireg config" lists them.')
    .action((options: ServeCommandOptions, command: Command) => runServe(options, command));
}

async function runServe({ port, host, data, device }: ServeCommandOptions, command: Command): Promise<void> {
  const { terminal, signal } = contextOf(command);
  const env = {
    ...(port === undefined ? {} : { OMNIREG_PORT: String(port) }),
    ...(host === undefined ? {} : { OMNIREG_HOST: host }),
    ...(data === undefined ? {} : { OMNIREG_DATA_DIR: data }),
    ...(device === undefined ? {} : { OMNIREG_DEVICE: device }),
  };
  // A wrong flag is wrong usage, and no failure of the server.
  if (command.args.length > 0) await readSettings(command.args);
  const onLog = (line: string) => terminal.say(line);
  const server = await ServerProcess.start({ env, flags: command.args, onLog, signal });
  terminal.result({ url: server.url });
  terminal.say('Ctrl-C stops it.');
  const stop = () => void server.stop();
  signal.addEventListener('abort', stop, { once: true });
  // Asked to end in the moment in which it became ready.
  if (signal.aborted) stop();
  const { code, signal: endedBy } = await server.ended();
  if (signal.aborted) process.exitCode = exitCodes.interrupted;
  else if (code !== 0) {
    throw new CliError(
      'server_failed',
      `The server ended by itself (${endedBy ?? `status ${code}`}).`,
      'See what it said above.',
    );
  }
}
