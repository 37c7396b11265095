// Where a test needs a WebGPU adapter: on a user's machine it is skipped with the reason; with OMNIREG_REQUIRE_WEBGPU=1, as in CI, it fails.
import { probeDevice } from '../trainer/devices/probe.js';

/** True where the tests can run. Throws where they must and cannot. */
export async function webgpuIsThere(): Promise<boolean> {
  const found = await probeDevice('webgpu');
  if (found.found === 'works') return true;
  if (process.env.OMNIREG_REQUIRE_WEBGPU === '1') {
    throw new Error(`OMNIREG_REQUIRE_WEBGPU=1, and WebGPU cannot be used: ${found.reason}`);
  }
  console.log(
    `Tests of WebGPU are skipped: ${found.reason}. They run with Mesa 25's software Vulkan, see docs/devices.md.`,
  );
  return false;
}
