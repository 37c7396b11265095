// Web pages of named origins may call the API; none unless configured (WHATWG Fetch, CORS protocol).
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { ServiceConfig } from '../config.js';

/** What a browser may send, and may read, beyond what it always may. */
const REQUEST_HEADERS = [
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'last-event-id',
  'upload-complete',
  'upload-offset',
  'x-request-id',
];
const RESPONSE_HEADERS = [
  'content-disposition',
  'etag',
  'idempotency-replayed',
  'location',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'retry-after',
  'upload-offset',
  'www-authenticate',
  'x-request-id',
];
/** How long a browser may remember what it was allowed, in seconds. */
const MAX_AGE = 3600;

export const corsPlugin = fastifyPlugin(async (app: FastifyInstance, config: ServiceConfig) => {
  const origins = corsOrigins(config);
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: origins.includes('*') ? '*' : origins,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: REQUEST_HEADERS,
    exposedHeaders: RESPONSE_HEADERS,
    maxAge: MAX_AGE,
    strictPreflight: false,
  });
});

/** The setting's list; `*` stands for any. */
export function corsOrigins({ corsOrigins }: Pick<ServiceConfig, 'corsOrigins'>): string[] {
  const list = corsOrigins.split(',').map((origin) => origin.trim().replace(/\/$/, ''));
  return list.filter((origin) => origin !== '');
}
