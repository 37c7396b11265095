// The package's version, as package.json has it (a test compares): sent to the service, so that its log says who asks.
export const VERSION = '0.1.0';
