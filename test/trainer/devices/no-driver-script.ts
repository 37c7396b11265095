// Chooses a device on a machine without a driver: the Vulkan loader is told of none.
import { chooseDevice } from '../../../trainer/devices/choose-device.js';
import { isolated } from '../../isolated.js';

process.env.VK_ICD_FILENAMES = '/nonexistent.json';
process.env.VK_DRIVER_FILES = '/nonexistent.json';
const auto = await chooseDevice('auto');
const byName = await chooseDevice('webgpu').catch((error: Error) => error.message);
isolated.report({ auto, byName });
