// A request on a connection that was opened before, and holds another one: what a server that is stopping still gets.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Sent } from './stage.js';

/** A connection with a request under way whose body is not complete yet. */
export async function busyConnection(
  url: string,
  authorization: string,
): Promise<{ ask(sent: Sent): Promise<Response> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const common = `host: ${hostname}\r\nauthorization: ${authorization}\r\n`;
  const body = '{"name":""}';
  const head = `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  // It will be refused: the name is empty.
  socket.write(`POST /v1/studies HTTP/1.1\r\n${common}${head}\r\n${body.slice(0, 3)}`);
  return {
    async ask({ method, path }) {
      const answers = collect(socket);
      socket.write(`${body.slice(3)}${method} ${path} HTTP/1.1\r\n${common}\r\n`);
      return parseLast(await answers);
    },
  };
}

async function collect(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  return text;
}

function parseLast(text: string): Response {
  const [head, body] = text.slice(text.lastIndexOf('HTTP/1.1 ')).split('\r\n\r\n') as [string, string];
  const [status, ...headers] = head.split('\r\n');
  const pairs = headers.map((line): [string, string] => [
    line.split(':', 1)[0]!,
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return new Response(body, { status: Number(status!.split(' ')[1]), headers: pairs });
}
