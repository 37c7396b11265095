// Entry of the service as a process of its own: settings from OMNIREG_*, one line of JSON with the address when ready.
import { startServer } from './server.js';

/** Longest good order, in ms: after that the process ends as if killed, which loses nothing that was acknowledged. */
const DRAIN_MS = 60_000;

try {
  const server = await startServer();
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
