// HTTP by hand over a bare connection: what no client library would send, and what comes back.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Writes the text, and reads until the server closes the connection or an answer is whole. Status 0: none came. */
export async function rawAnswer(url: string, text: string | Buffer): Promise<RawAnswer> {
  const socket = await openSocket(url);
  socket.write(text);
  return answerOn(socket);
}

/** The next answer on a connection. */
export async function answerOn(socket: Socket): Promise<RawAnswer> {
  let said = Buffer.alloc(0);
  try {
    for await (const chunk of socket) {
      said = Buffer.concat([said, chunk as Buffer]);
      const parsed = parse(said);
      if (parsed) return parsed;
    }
  } catch {
    // Reset by the server: what was said before counts.
  } finally {
    socket.destroy();
  }
  return parse(said) ?? { status: 0, headers: {}, body: '' };
}

function parse(bytes: Buffer): RawAnswer | undefined {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = bytes.subarray(end + 4);
  if (body.length < Number(headers['content-length'] ?? 0)) return undefined;
  return { status: Number(first!.split(' ')[1]), headers, body: body.toString('utf8') };
}
