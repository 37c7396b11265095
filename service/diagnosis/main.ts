// Looks at what a service with these settings would find on this machine. One line of JSON a check, as soon as it is done.
// Usage: node dist/service/diagnosis/main.js [--skip-integrity] [--data-dir FOLDER and other flags of the service]
import { resolveSettings } from '../config.js';
import { type Check, diagnose } from './checks.js';

process.env.ORT_DISABLE_TELEMETRY = '1';
const SKIP = '--skip-integrity';
const flags = process.argv.slice(2).filter((flag) => flag !== SKIP);
const say = (check: Check) => process.stdout.write(`${JSON.stringify(check)}\n`);
try {
  const { config } = resolveSettings({}, process.env, flags);
  for await (const check of diagnose(config, { integrity: !process.argv.includes(SKIP) })) say(check);
} catch (error) {
  const detail = error instanceof Error ? error.message : String(error);
  say({ name: 'settings', status: 'failed', detail, fix: 'Correct it; "omnireg config" prints all settings.' });
}
