export { ExternalUltravisor, type Phase } from './external-ultravisor.ts';
export { FirmwareLink, LinkBroken } from './link.ts';
