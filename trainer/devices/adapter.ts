// Which adapter WebGPU runs on. ONNX Runtime does not say, so the Vulkan loader is asked, which names the driver of each device.
import { cpus } from 'node:os';

export interface Adapter {
  /** For people: "NVIDIA RTX 4000 (Vulkan, libGLX_nvidia.so.0)". */
  name: string;
  /** Whether it computes on the processor; undefined where that cannot be known. */
  software: boolean | undefined;
}

/** Makes the Vulkan loader (1.3 and later) write to stderr which device it opens. */
export const VULKAN_LOADER_LOG: Readonly<Record<string, string>> = { VK_LOADER_DEBUG: 'driver' };

/** Of the loader's log, where vkCreateDevice ends at the driver. */
const OPENED = /Using "(?<device>.+)" with driver: "(?<driver>[^"]+)"/g;
/** Mesa's llvmpipe, Google's SwiftShader, Microsoft's WARP (through Mesa's dozen): by library or by name, also behind a virtual GPU. */
const SOFTWARE = /llvmpipe|lavapipe|libvulkan_lvp|swiftshader|Basic Render Driver|\bWARP\b/i;

/** The adapter that the loader's log names; undefined where it names none. */
export function adapterOfLog(log: string): Adapter | undefined {
  const last = [...log.matchAll(OPENED)].at(-1)?.groups;
  if (!last) return undefined;
  const driver = last.driver!.split('/').at(-1)!;
  return { name: `${last.device} (Vulkan, ${driver})`, software: SOFTWARE.test(`${last.device} ${driver}`) };
}

/** What can be said of a working adapter on this system. `log`: stderr of the process that used it. */
export function webgpuAdapter(log: string, platform: NodeJS.Platform = process.platform): Adapter {
  // Metal has no adapter in software.
  if (platform === 'darwin')
    return { name: `the GPU of ${cpus()[0]?.model ?? 'this machine'} (Metal)`, software: false };
  const api = platform === 'win32' ? 'Direct3D 12' : 'Vulkan';
  return adapterOfLog(log) ?? { name: `an adapter of unknown name (${api})`, software: undefined };
}
