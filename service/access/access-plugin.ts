// Who may do what: bearer keys with scopes (RFC 6750), and on servers without keys nobody whom a web page could have sent.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Store } from '../../store/store.js';
import type { Scope } from '../../store/types.js';
import type { ServiceConfig } from '../config.js';
import { type ProblemCode, ServiceError } from '../errors.js';
import { corsOrigins } from '../http/cors-plugin.js';
import { allows, KeyRing, type Principal } from './api-keys.js';
import { hostName, isLoopback } from './loopback.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; null until it is known, and where nobody is asked. */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** What a key must be good for; absent: anybody may. */
    scope?: Scope;
    /** As in the contract. */
    path?: string;
    /** Of the contract; absent where the path is not in it. */
    statuses?: readonly number[];
  }
}

export interface AccessOptions {
  store: Store;
  config: ServiceConfig;
}

const ANYBODY: Principal = { id: null, scope: 'admin' };

export const accessPlugin = fastifyPlugin(async (app: FastifyInstance, { store, config }: AccessOptions) => {
  const ring = new KeyRing(store, config.adminKey);
  const always = config.requireKeys || config.adminKey !== '' || !isLoopback(config.host);
  const origins = corsOrigins(config);
  const refusals = new WeakMap<FastifyRequest, ServiceError>();

  app.decorateRequest('principal', null);
  // First only found out: who is refused is counted by the rate limit as well, and told after it.
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.scope === undefined) return;
    try {
      request.principal = always || (await store.hasKeys()) ? await principalOf(request, ring) : visitor(request);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      refusals.set(request, error);
    }
  });
  // Before a byte of the body is read.
  app.addHook('preParsing', async (request) => {
    const { scope } = request.routeOptions.config;
    const refusal = refusals.get(request);
    if (refusal) throw refusal;
    if (scope === undefined || allows(request.principal!.scope, scope)) return;
    const detail = `The key is of scope ${request.principal!.scope}, and this needs ${scope}; use another key, or have one made with POST /v1/keys`;
    throw refused('insufficient_scope', detail, `error="insufficient_scope", scope="${scope}"`);
  });

  /** On a server without keys: anybody on this machine, but no web page that is open on it. */
  function visitor(request: FastifyRequest): Principal {
    const { host, origin } = request.headers;
    const name = hostName(host);
    // A page can make its own name point to 127.0.0.1 (DNS rebinding); its name then stands here.
    if (name === undefined || !(isLoopback(name) || name === config.host)) {
      const detail = `This server has no keys and answers to its own names only (127.0.0.1, localhost), not to ${JSON.stringify((host ?? '').slice(0, 100))}; make a key to reach it by another`;
      throw new ServiceError('host_not_allowed', detail);
    }
    if (origin !== undefined && origin !== `http://${host}` && !origins.includes(origin) && !origins.includes('*')) {
      const detail = `This server has no keys and takes nothing from pages of ${JSON.stringify(origin.slice(0, 100))}; name the origin in the setting corsOrigins`;
      throw new ServiceError('origin_not_allowed', detail);
    }
    return ANYBODY;
  }
});

async function principalOf(request: FastifyRequest, ring: KeyRing): Promise<Principal> {
  const header = request.headers.authorization;
  if (header === undefined) {
    const detail = 'Send a key: "Authorization: Bearer ork_…"; an administrator makes them with POST /v1/keys';
    throw refused('missing_key', detail);
  }
  const [, secret] = /^Bearer +([\x21-\x7e]{1,256})$/i.exec(header) ?? [];
  const found = secret === undefined ? undefined : await ring.identify(secret);
  if (found !== undefined && found !== 'expired') return found;
  const why =
    secret === undefined
      ? 'The header Authorization is not of the form "Bearer ork_…"'
      : found === 'expired'
        ? 'The key has expired'
        : 'No such key is known';
  throw refused('invalid_key', `${why}; send another, or have one made with POST /v1/keys`, 'error="invalid_token"');
}

function refused(code: ProblemCode, detail: string, challenge = ''): ServiceError {
  const value = `Bearer realm="omnireg"${challenge === '' ? '' : `, ${challenge}`}`;
  return new ServiceError(code, detail, { headers: { 'www-authenticate': value } });
}
