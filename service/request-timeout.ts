// Lets go of clients that do not finish sending a request, with 408. Node's own timeout would also end an import that sends for hours.
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Media types of bodies that may take as long as they like. */
    streams?: readonly string[];
  }
}

/** @param timeoutMs from the end of the headers to the end of the body */
export const requestTimeoutPlugin = fastifyPlugin(
  async (app: FastifyInstance, { timeoutMs }: { timeoutMs: number }) => {
    app.addHook('onRequest', async (request) => {
      const { raw } = request;
      const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
      if (raw.complete || (type !== undefined && request.routeOptions.config.streams?.includes(type))) return;
      const timer = setTimeout(() => {
        if (raw.complete) return;
        const error = Object.assign(new Error('The request did not end in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
        app.server.emit('clientError', error, raw.socket);
      }, timeoutMs);
      for (const event of ['end', 'close'] as const) raw.once(event, () => clearTimeout(timer));
    });
  },
);
