// A client of the load test: plain requests on connections that stay open, with the time each took.
import { Agent, request } from 'node:http';

export interface Sent {
  status: number;
  body: string;
  /** From the call to the last byte. */
  ms: number;
}

export class LoadClient {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(private readonly url: string) {}

  /** POSTs JSON. Rejects when the signal is aborted, which closes the connection, or the connection breaks. */
  send(path: string, body: unknown, signal?: AbortSignal, headers: Record<string, string> = {}): Promise<Sent> {
    return this.call('POST', path, JSON.stringify(body), signal, headers);
  }

  get(path: string): Promise<Sent> {
    return this.call('GET', path);
  }

  close(): void {
    this.agent.destroy();
  }

  private call(method: string, path: string, text = '', signal?: AbortSignal, more = {}): Promise<Sent> {
    const begun = performance.now();
    return new Promise((resolve, reject) => {
      const headers = method === 'POST' ? { 'content-type': 'application/json', ...more } : more;
      const { agent } = this;
      const sent = request(this.url + path, { method, agent, headers, ...(signal && { signal }) }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode!, body, ms: performance.now() - begun });
        });
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }
}
