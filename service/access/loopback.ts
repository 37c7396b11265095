// Which addresses only this machine can reach, and which names a browser may have reached them by.

/** Whether a server that listens there can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The name in a Host header, without port and brackets; undefined where it is not one. */
export function hostName(header: string | undefined): string | undefined {
  const url = header === undefined ? undefined : `http://${header}`;
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { hostname, pathname, username } = new URL(url);
  return pathname === '/' && username === '' ? hostname.replace(/^\[|\]$/g, '') : undefined;
}
