// The promise of an answer: awaited it gives the data, and with withResponse() the status and headers, too.

export interface WithResponse<T> {
  data: T;
  /** Status and headers; its body has been read. */
  response: Response;
  /** Names the request in the service's log. */
  requestId: string | undefined;
}

export class APIPromise<T> implements Promise<T> {
  readonly [Symbol.toStringTag] = 'APIPromise';
  readonly #outcome: Promise<{ data: T; response: Response }>;

  constructor(outcome: Promise<{ data: T; response: Response }>) {
    this.#outcome = outcome;
  }

  /** The data with the response it came in. */
  async withResponse(): Promise<WithResponse<T>> {
    const { data, response } = await this.#outcome;
    return { data, response, requestId: response.headers.get('x-request-id') ?? undefined };
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#outcome.then(({ data }) => data).then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(undefined, rejected);
  }

  finally(done?: (() => void) | null): Promise<T> {
    return this.then().finally(done);
  }
}
