// Connections: a closing server lets go of those on which nothing is under way, and work ends when its client has gone.
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';

const SWEEP_MS = 50;

/**
 * Watches the server's connections from now on.
 * @returns a function that runs `close`, during which idle connections are ended as soon as they are idle
 */
export function watchConnections(server: Server): (close: () => Promise<void>) => Promise<void> {
  // Opened ahead of need, as browsers and Node's fetch do: closeIdleConnections passes them over until their first request.
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage) => unused.delete(socket));

  return async (close) => {
    const sweep = setInterval(() => {
      // Also those that were busy until now: kept alive for the next request, they would be waited for.
      server.closeIdleConnections();
      for (const socket of unused) socket.destroy();
    }, SWEEP_MS);
    await close().finally(() => clearInterval(sweep));
  };
}

/**
 * Runs `work` with a signal that is aborted when the client's connection closes before the answer. Fastify's own
 * `request.signal` will not do: Node closes a request's stream as soon as its body was read.
 */
export async function whileConnected<T>(
  { socket }: Pick<FastifyRequest, 'socket'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const gone = new AbortController();
  const onClose = () => gone.abort();
  socket.once('close', onClose);
  if (socket.destroyed) onClose();
  try {
    return await work(gone.signal);
  } finally {
    socket.off('close', onClose);
  }
}
