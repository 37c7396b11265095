// Entry of the service as a process of its own: settings from OMNIREG_* and flags, one line of JSON with the address when ready.
// With --print-config it only says what its settings are and where each is from.
import { describeSettings, resolveSettings } from './config.js';
import { startServer } from './server.js';

const PRINT = '--print-config';
/** Given by who starts a server for itself alone and holds its stdin. */
const END_WITH_STDIN = '--end-with-stdin';
const flags = process.argv.slice(2).filter((flag) => flag !== PRINT && flag !== END_WITH_STDIN);

/** Longest good order, in ms: after that the process ends as if killed, which loses nothing that was acknowledged. */
const DRAIN_MS = 60_000;

try {
  if (process.argv.includes(PRINT)) {
    process.stdout.write(`${JSON.stringify(describeSettings(resolveSettings({}, process.env, flags)))}\n`);
    process.exit(0);
  }
  const server = await startServer({}, process.env, flags);
  process.stderr.write(`OmniReg listens on ${server.url}\n`);
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
  void server.device.then(({ line }) => process.stderr.write(`${line}\n`));

  let draining = false;
  const drain = (signal: NodeJS.Signals) => {
    // The second signal is from somebody in a hurry.
    if (draining) process.exit(1);
    draining = true;
    process.stderr.write(`${signal}: finishing what is under way; again to stop at once\n`);
    setTimeout(() => process.exit(1), DRAIN_MS).unref();
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', drain);
  process.on('SIGINT', drain);
  // When it ends, however it ends, so do we.
  if (process.argv.includes(END_WITH_STDIN)) process.stdin.on('end', () => drain('SIGTERM')).resume();
} catch (error) {
  fail(error);
}

function fail(error: unknown): never {
  const isKnown = error instanceof Error && 'code' in error;
  process.stderr.write(
    `OmniReg cannot run: ${isKnown ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
}
