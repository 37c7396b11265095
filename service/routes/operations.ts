// Handlers for who runs and who reads the service: its numbers, its contract, and the contract as a page.
import type { Registry } from 'prom-client';
import type { Handlers } from '../contract/handlers.js';
import { contractJson } from '../contract/load-contract.js';
import { PAGE_HEADERS, referencePage } from '../reference/page.js';

type OperationsHandlers = Pick<Handlers, 'getMetrics' | 'getOpenApi' | 'getReference'>;

export function operationsHandlers(metrics: Registry): OperationsHandlers {
  let page: string | undefined;
  return {
    async getMetrics() {
      return { status: 200, headers: { 'content-type': metrics.contentType }, stream: await metrics.metrics() };
    },

    async getOpenApi() {
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      return { status: 200, headers, stream: contractJson() };
    },

    async getReference() {
      page ??= referencePage(contractJson());
      return { status: 200, headers: PAGE_HEADERS, stream: page };
    },
  };
}
