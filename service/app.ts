// The HTTP application, put together from its parts; it opens no file and no socket itself.
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { contractPlugin } from './contract/contract-plugin.js';
import { loadContract } from './contract/load-contract.js';
import { problemsPlugin, sendProblem } from './problems-plugin.js';
import { evaluationHandlers } from './routes/evaluations.js';
import { explanationHandlers } from './routes/explanations.js';
import { healthHandlers } from './routes/health.js';
import { jobHandlers } from './routes/jobs.js';
import { predictionHandlers } from './routes/predictions.js';
import { studyHandlers } from './routes/studies.js';
import { suggestionHandlers } from './routes/suggestions.js';
import type { Services } from './services.js';

/** A client that stops in the middle of its request is let go after this long, in ms. */
const REQUEST_TIMEOUT_MS = 120_000;

/** @returns an application ready to listen, or to be asked with `inject` in tests */
export async function buildApp(parts: Omit<Services, 'version' | 'closing'>): Promise<FastifyInstance> {
  const { config } = parts;
  const contract = loadContract();
  const app = Fastify({
    bodyLimit: config.maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // HEAD would run a handler for nothing, and on an event stream for ever.
    routerOptions: { maxParamLength: 200 },
    exposeHeadRoutes: false,
    // Connections that only wait are closed with the server; those with a request are answered first.
    forceCloseConnections: 'idle',
    frameworkErrors: sendProblem,
    logger: { level: config.logLevel, stream: process.stderr },
    logController: new LogController({ disableRequestLogging: !['debug', 'info'].includes(config.logLevel) }),
  });
  // Event streams would keep a closing server waiting for ever.
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  const services: Services = { ...parts, version: contract.version, closing: closing.signal };
  const handlers = {
    ...healthHandlers(services),
    ...studyHandlers(services),
    ...predictionHandlers(services),
    ...suggestionHandlers(services),
    ...explanationHandlers(services),
    ...jobHandlers(services),
    ...evaluationHandlers(services),
  };
  await app.register(problemsPlugin);
  await app.register(contractPlugin, { contract, handlers, config });
  return app;
}
