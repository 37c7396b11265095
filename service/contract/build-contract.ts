// Last step of the build: writes the contract as JSON beside the compiled code.
import { readFileSync } from 'node:fs';
import { packageFile } from '../../tokenizer/package-root.js';
import { writeBuilt } from './parsed-contract.js';

writeBuilt(readFileSync(packageFile('openapi.yaml'), 'utf8'));
