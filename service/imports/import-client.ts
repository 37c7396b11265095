// The HTTP thread's side of the import worker: passes the bytes of requests on as fast as they are worked off.
import { EventEmitter, once } from 'node:events';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Import } from '../../store/types.js';
import { entryPoint } from '../entry-point.js';
import { ServiceError } from '../errors.js';
import type { FromWorker, ToWorker, WorkerOptions } from './protocol.js';

export interface ImportClientOptions extends WorkerOptions {
  /** Imports that may send rows at once. */
  maxImports: number;
  /** A client that sends nothing for so long is let go, in ms. */
  idleMs: number;
  log: (message: string, error?: unknown) => void;
}

/** Bytes of one import that the worker has not worked off yet; more are not read from the connection. */
const AHEAD_BYTES = 2 * 1024 * 1024;
/** Small pieces are gathered up to so many bytes before they are passed on, or for so long, in ms. */
const PIECE_BYTES = 256 * 1024;
const PIECE_MS = 200;

interface Session {
  importId: string;
  ahead: number;
  /** 'taken' as bytes are worked off; 'over' when the worker has answered. */
  events: EventEmitter;
  answer: { import: Import } | { error: ServiceError } | undefined;
}

export class ImportClient {
  private worker: Worker | undefined;
  private readonly sessions = new Map<number, Session>();
  private lastId = 0;
  private closing = false;

  constructor(private readonly options: ImportClientOptions) {}

  /**
   * Reads `rows` to their end into an import. What came whole before a client went away is kept.
   * @param rows of the import's table
   * @param from place in the table of the first byte; null: its beginning, and what is dealt with is passed over
   * @param whole whether the table ends with them
   * @throws ServiceError too_many_imports, shutting_down, request_cancelled where the client went away, and what ends an import
   */
  async receive(
    importId: string,
    rows: Readable,
    { whole, from }: { whole: boolean; from: number | null },
  ): Promise<Import> {
    this.admit();
    const id = ++this.lastId;
    const session: Session = { importId, ahead: 0, events: new EventEmitter(), answer: undefined };
    this.sessions.set(id, session);
    try {
      this.say({ type: 'open', session: id, importId, from });
      const broken = await this.passOn(id, session, rows);
      this.say({ type: 'end', session: id, whole: whole && broken === undefined });
      if (session.answer === undefined) await once(session.events, 'over');
      const answer = session.answer!;
      if ('error' in answer) throw answer.error;
      if (broken) throw broken;
      return answer.import;
    } finally {
      this.sessions.delete(id);
    }
  }

  /** Lets what is under way be written. */
  async close(): Promise<void> {
    this.closing = true;
    const { worker } = this;
    if (worker === undefined) return;
    const ended = once(worker, 'exit');
    worker.postMessage({ type: 'close' } satisfies ToWorker);
    await ended;
  }

  /** Whether one more import may send rows now. @throws too_many_imports, shutting_down */
  admit(): void {
    if (this.closing) throw new ServiceError('shutting_down', 'The server is stopping; go on when it is back');
    const { maxImports } = this.options;
    if (this.sessions.size < maxImports) return;
    const headers = { 'retry-after': '5' };
    const detail = `${maxImports} imports are sending rows, as many as may; try again when one has ended`;
    throw new ServiceError('too_many_imports', detail, { headers });
  }

  /** @returns why the rows ended too early, if they did */
  private async passOn(id: number, session: Session, rows: Readable): Promise<ServiceError | undefined> {
    let pieces: Buffer[] = [];
    let gathered = 0;
    const pass = () => {
      if (gathered === 0) return;
      // The worker gets memory of its own: the connection's is used again.
      const bytes = new Uint8Array(gathered);
      let at = 0;
      for (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
      }
      session.ahead += gathered;
      this.say({ type: 'bytes', session: id, bytes }, [bytes.buffer]);
      pieces = [];
      gathered = 0;
    };
    const timer = setInterval(pass, PIECE_MS);
    let idle = setTimeout(() => {}, 0);
    const lateness = new ServiceError('request_cancelled', `Nothing came for ${this.options.idleMs} ms`);
    const watch = () => {
      clearTimeout(idle);
      idle = setTimeout(() => rows.destroy(lateness), this.options.idleMs);
    };
    try {
      watch();
      for await (const piece of rows.iterator({ destroyOnReturn: false })) {
        clearTimeout(idle);
        pieces.push(piece as Buffer);
        gathered += (piece as Buffer).length;
        if (gathered >= PIECE_BYTES) pass();
        while (session.ahead > AHEAD_BYTES && session.answer === undefined) await once(session.events, 'taken');
        // What the worker has given up needs no more bytes.
        if (session.answer !== undefined) {
          // The client hears of it all the same: what it still sends is read and thrown away.
          rows.resume();
          return undefined;
        }
        if (this.closing) return new ServiceError('shutting_down', 'The server is stopping; go on when it is back');
        watch();
      }
      return undefined;
    } catch (error) {
      if (error instanceof ServiceError) return error;
      return new ServiceError('request_cancelled', 'The connection was closed before the end of the rows');
    } finally {
      clearInterval(timer);
      clearTimeout(idle);
      pass();
    }
  }

  private say(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.worker ??= this.start();
    this.worker.postMessage(message, transfer);
  }

  private start(): Worker {
    const { databaseFile, maxDatabaseBytes, limits } = this.options;
    const workerData: WorkerOptions = { databaseFile, maxDatabaseBytes, limits };
    const worker = new Worker(entryPoint('service/imports/import-worker'), { workerData });
    worker.on('message', (message: FromWorker) => this.hear(message));
    worker.on('error', (error) => this.lose(worker, error));
    worker.on('exit', () => this.lose(worker, new Error('the import worker ended')));
    return worker;
  }

  private hear(message: FromWorker): void {
    const session = this.sessions.get(message.session);
    if (session === undefined) return;
    if (message.type === 'taken') session.ahead -= message.bytes;
    else if (message.type === 'done') session.answer = { import: message.import };
    else {
      const { code, message: why, errors, cause } = message.problem;
      if (cause) this.options.log(`import ${session.importId}: ${why}`, cause);
      session.answer = { error: new ServiceError(code, why, errors && { errors }) };
    }
    session.events.emit('taken');
    if (session.answer) session.events.emit('over');
  }

  /** Fails what was under way; the next request starts another worker. */
  private lose(worker: Worker, error: Error): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    if (this.sessions.size > 0) this.options.log('the import worker was lost', error);
    for (const session of this.sessions.values()) {
      session.answer ??= {
        error: new ServiceError('internal_error', 'The import worker was lost; go on from where it is'),
      };
      session.events.emit('taken');
      session.events.emit('over');
    }
  }
}
