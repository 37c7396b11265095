// How much one client may ask: requests in a minute, told by its key or else its address. Every answer says what is left.
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { ServiceConfig } from '../config.js';
import { ServiceError } from '../errors.js';

/** Clients that are counted at once; of more, those seen longest ago begin anew. */
const CLIENTS = 10_000;

export const limitsPlugin = fastifyPlugin(async (app: FastifyInstance, config: ServiceConfig) => {
  await app.register(rateLimit, {
    max: config.requestsPerMinute,
    timeWindow: 60_000,
    cache: CLIENTS,
    enableDraftSpec: true,
    // Who was refused a key counts under the address: guessing is limited too.
    keyGenerator: ({ principal, ip }: FastifyRequest) => principal?.id ?? ip ?? 'local socket',
    // What anybody may ask is asked by machines that look after the server.
    allowList: ({ routeOptions, is404 }: FastifyRequest) => !is404 && routeOptions.config.scope === undefined,
    errorResponseBuilder: (_, { max, ttl }) => {
      const seconds = Math.max(1, Math.ceil(ttl / 1000));
      const detail = `${max} requests a minute are allowed; try again in ${seconds} s, and send trials in batches`;
      return new ServiceError('too_many_requests', detail, { headers: { 'retry-after': String(seconds) } });
    },
  });
  app.addHook('onRequest', async ({ method, headers }) => {
    // Of a GET no body is read.
    const coding = method === 'GET' ? undefined : headers['content-encoding'];
    // A few bytes of gzip can be gigabytes: what comes in is as long as it is.
    if (coding !== undefined && coding.toLowerCase() !== 'identity')
      throw new ServiceError('unsupported_media_type', 'Send the body as it is, without Content-Encoding');
  });
});
