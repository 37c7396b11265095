// Lets a closing HTTP server go of connections on which nothing is under way; Node by itself would wait for some a minute.
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

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
