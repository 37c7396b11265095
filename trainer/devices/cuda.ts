// CUDA: whether its provider has been installed beside ONNX Runtime, and which cards there are.
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Installs the provider: a download of several hundred MB, from outside the npm registry, for Linux on x64. */
export const CUDA_INSTALL = 'npm run cuda:install';

/** Why the provider cannot be loaded; undefined where its library is there. */
export function missingCuda(platform = `${process.platform}/${process.arch}`): string | undefined {
  if (platform !== 'linux/x64') return `ONNX Runtime has no CUDA provider for Node.js on ${platform}`;
  const library = join(runtimeFolder(), 'bin', 'napi-v6', platform, 'libonnxruntime_providers_cuda.so');
  return existsSync(library) ? undefined : `its provider is not installed ("${CUDA_INSTALL}" does it)`;
}

/** Models of NVIDIA's cards as the kernel's module lists them, joined; the provider takes the first. */
export async function cudaCards(folder = '/proc/driver/nvidia/gpus'): Promise<string> {
  const cards = await readdir(folder).catch(() => []);
  const models = await Promise.all(
    cards.sort().map(async (card) => {
      const text = await readFile(join(folder, card, 'information'), 'utf8').catch(() => '');
      return /^Model:\s*(.+)$/m.exec(text)?.[1] ?? 'a card of unknown model';
    }),
  );
  return models.join(', ') || 'a card of unknown model';
}

function runtimeFolder(): string {
  const require = createRequire(import.meta.url);
  return join(require.resolve('onnxruntime-node'), '..', '..');
}
