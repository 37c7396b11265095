// Names of adapters, from what the Vulkan loader writes when a device is opened.
import { describe, expect, it } from 'vitest';
import { adapterOfLog, webgpuAdapter } from '../../../trainer/devices/adapter.js';

const opened = (device: string, driver: string) => `DRIVER:            Using "${device}" with driver: "${driver}"\n`;

describe('adapterOfLog', () => {
  it.each([
    ['llvmpipe (LLVM 15.0.6, 256 bits)', 'libvulkan_lvp.so', true],
    ['SwiftShader Device (LLVM 10.0.0)', '/opt/google/chrome/libvk_swiftshader.so', true],
    ['Microsoft Direct3D12 (Microsoft Basic Render Driver)', 'libvulkan_dzn.so', true],
    ['Virtio-GPU Venus (llvmpipe (LLVM 17.0.6, 256 bits))', 'libvulkan_virtio.so', true],
    ['NVIDIA GeForce RTX 4090', 'libGLX_nvidia.so.0', false],
    ['AMD Radeon RX 7900 XTX (RADV NAVI31)', '/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so', false],
    ['Intel(R) Arc(tm) A770 Graphics (DG2)', 'libvulkan_intel.so', false],
  ])('%s by %s', (device, driver, software) => {
    const adapter = adapterOfLog(`Searching for driver manifest files\n${opened(device, driver)}more\n`);
    expect(adapter).toEqual({ name: `${device} (Vulkan, ${driver.split('/').at(-1)})`, software });
  });

  it('takes the device that was opened last, of several', () => {
    const log = opened('llvmpipe', 'libvulkan_lvp.so') + opened('NVIDIA L4', 'libGLX_nvidia.so.0');
    expect(adapterOfLog(log)?.software).toBe(false);
  });
});

describe('webgpuAdapter', () => {
  it('does not guess where nothing names the adapter', () => {
    expect(webgpuAdapter('', 'linux')).toEqual({ name: 'an adapter of unknown name (Vulkan)', software: undefined });
    expect(webgpuAdapter('', 'win32').software).toBeUndefined();
  });

  it('knows that Metal runs on a GPU', () => {
    expect(webgpuAdapter('', 'darwin')).toMatchObject({ name: expect.stringContaining('Metal'), software: false });
  });
});
