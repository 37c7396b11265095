// The types of handlers, made from the contract: what an operation gets and what it may answer.
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { StoredResponse } from '../../store/types.js';
import type { operations } from '../contract.generated.js';
import type { FieldError } from '../errors.js';
import type { OperationId } from './load-contract.js';

type ParameterOf<
  Id extends OperationId,
  Kind extends 'path' | 'query' | 'header',
> = operations[Id]['parameters'] extends { [K in Kind]?: infer P } ? NonNullable<P> : Record<never, never>;
type BodyOf<Id extends OperationId> = JsonOf<operations[Id] extends { requestBody?: infer Body } ? Body : undefined>;
/** An optional body is a union with undefined, over which this distributes. */
type JsonOf<Body> = Body extends { content: { 'application/json': infer Json } } ? Json : undefined;
type Success = 200 | 201 | 202;
type Responses<Id extends OperationId> = operations[Id]['responses'];

/** A request that follows the contract. */
export interface ContractRequest<Id extends OperationId> {
  path: ParameterOf<Id, 'path'>;
  query: ParameterOf<Id, 'query'>;
  body: BodyOf<Id>;
  /** The body where it is of a kind that is passed on as it comes in; null where it is JSON, or none. */
  stream: { type: string; bytes: Readable } | null;
  /** For a list of which each item is judged for itself: errors by the item's index. */
  itemErrors: ReadonlyMap<number, FieldError[]>;
  /** For what the contract does not describe: the connection, the raw headers. */
  raw: FastifyRequest;
}

/** An answer without a body. */
export interface EmptyAnswer {
  status: 204;
  headers?: Record<string, string>;
}

/** An answer in JSON of one of the contract's statuses. */
export type JsonAnswer<Id extends OperationId> = {
  [Status in Success & keyof Responses<Id>]: {
    status: Status;
    headers?: Record<string, string>;
    body: Responses<Id>[Status] extends { content: { 'application/json': infer Body } } ? Body : never;
  };
}[Success & keyof Responses<Id>];

/** An answer that is not JSON: its headers say what it is. */
export interface StreamAnswer {
  status: 200;
  headers: Record<string, string>;
  stream: Readable | string;
}

/** An answer that is kept as text: one that was given before to the same idempotency key. */
export interface TextAnswer extends Omit<StoredResponse, 'body'> {
  text: string;
}

export type Answer<Id extends OperationId> =
  | JsonAnswer<Id>
  | StreamAnswer
  | TextAnswer
  | (204 extends keyof Responses<Id> ? EmptyAnswer : never);

export type Handler<Id extends OperationId> = (request: ContractRequest<Id>) => Promise<Answer<Id>>;

/** All handlers, one per operation of the contract; a part of the service provides some of them. */
export type Handlers = { [Id in OperationId]: Handler<Id> };
