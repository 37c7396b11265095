// Lists come in pages; a page knows how to get the next one, and iterating goes over all entries of all pages.
import { APIPromise } from './api-promise.js';

/** A page as the contract has it. */
export interface PageBody<T> {
  data: T[];
  has_more: boolean;
  first_id: string | null;
  last_id: string | null;
}

export type PageFetcher<T> = (after: string | undefined) => Promise<{ data: PageBody<T>; response: Response }>;

export class Page<T> implements AsyncIterable<T> {
  readonly data: T[];
  readonly has_more: boolean;
  readonly first_id: string | null;
  /** What the next page begins behind. */
  readonly last_id: string | null;
  readonly #fetch: PageFetcher<T>;

  constructor(body: PageBody<T>, fetch: PageFetcher<T>) {
    this.data = body.data;
    this.has_more = body.has_more;
    this.first_id = body.first_id;
    this.last_id = body.last_id;
    this.#fetch = fetch;
  }

  /** @returns undefined behind the last page */
  async nextPage(): Promise<Page<T> | undefined> {
    if (!this.has_more || this.last_id === null) return undefined;
    return new Page((await this.#fetch(this.last_id)).data, this.#fetch);
  }

  /** This page and all that follow. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    for (let page: Page<T> | undefined = this; page; page = await page.nextPage()) yield page;
  }

  /** The entries of this page and of all that follow. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.data;
  }
}

/** `await` gives the first page; `for await` goes over all entries. */
export class PagePromise<T> extends APIPromise<Page<T>> implements AsyncIterable<T> {
  constructor(fetch: PageFetcher<T>, after: string | undefined) {
    super(fetch(after).then(({ data, response }) => ({ data: new Page(data, fetch), response })));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    yield* await this;
  }

  /** All pages, one after another. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    yield* (await this).pages();
  }
}
