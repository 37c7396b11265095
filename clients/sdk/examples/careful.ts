// What a program does that runs unattended: says which error it was, gives up when told, and never writes twice.
import { APIConnectionError, BadRequestError, NotFoundError, OmniReg, RateLimitError } from '@omnireg/sdk';

const client = new OmniReg({
  timeout: 30_000,
  maxRetries: 5,
  onRetry: ({ error, attempt, delay }) => console.error(`${error.code}: try ${attempt} in ${Math.round(delay)} ms`),
});
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const { signal } = stop;

try {
  // With a key of its own this can be run again after a crash: the study is made once.
  const { data, requestId } = await client.studies
    .create({ name: 'nightly' }, { idempotencyKey: 'nightly-2026-11-21', signal })
    .withResponse();
  console.error(`${requestId} made or found ${data.id}`);
  await client.studies.create({ name: '' }, { signal });
} catch (error) {
  if (error instanceof BadRequestError) {
    for (const { pointer, detail, fix } of error.errors) console.log(`${pointer} ${detail}. ${fix}`);
  } else if (error instanceof NotFoundError) console.log('It is gone.');
  else if (error instanceof RateLimitError) console.log(`Busy for ${error.retryAfter} ms.`);
  else if (error instanceof APIConnectionError) console.log('Nobody answers.');
  else throw error;
}
