// An HTTP server that answers as it is told, and remembers what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type ClientOptions, OmniReg } from '../../../clients/sdk/index.js';

export interface Seen {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Handler = (response: ServerResponse, seen: Seen) => void;

/** Answers the n-th request with the n-th handler, the last one from then on. */
export async function serverWith(...handlers: Handler[]) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const one = { method: request.method, path: request.url, headers: request.headers, body };
    const handler = handlers[Math.min(seen.length, handlers.length - 1)]!;
    seen.push(one);
    handler(response, one);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    seen,
    url,
    client: (options: ClientOptions = {}) => new OmniReg({ baseUrl: url, initialRetryDelay: 5, ...options }),
  };
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

export const problem = (status: number, code: string, headers: Record<string, string> = {}): Handler =>
  json(
    status,
    { type: `urn:omnireg:problem:${code}`, title: code, status, code, detail: `detail of ${code}` },
    headers,
  );

export const breakOff: Handler = (response) => void response.socket?.destroy();
