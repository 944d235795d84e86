/**
 * USB devices as umockdev describes them: what the kernel would show of a real one in /sys, with the descriptors that a rule is judged by. A
 * description only; it makes no device.
 */

/** Class, subclass and protocol of one interface. */
export type Interface = readonly [number, number, number];

export interface UsbDevice {
  readonly port: string;
  readonly vendor: number;
  readonly product: number;
  readonly name: string;
  readonly interfaces: readonly Interface[];
}

const CONTROLLER = '/devices/pci0000:00/0000:00:14.0';
const HUB_CLASS = 9;
/** The bus with its root hub: every device needs its parents. */
export const ROOT_HUB = [
  ...['/devices/pci0000:00', CONTROLLER].map((path) => `P: ${path}\nE: SUBSYSTEM=pci\n`),
  described({ port: '', vendor: 0x1d6b, product: 2, name: 'Root hub', interfaces: [[HUB_CLASS, 0, 0]] }),
].join('\n');

export function described(device: UsbDevice): string {
  const { port, vendor, product, name, interfaces } = device;
  const isRoot = port === '';
  const hex = (value: number): string => value.toString(16).padStart(4, '0');
  return `P: ${CONTROLLER}/usb1${isRoot ? '' : `/${port}`}
E: DEVTYPE=usb_device
E: SUBSYSTEM=usb
E: DEVNUM=001
E: BUSNUM=001
E: PRODUCT=${vendor.toString(16)}/${product.toString(16)}/100
E: TYPE=${isRoot ? HUB_CLASS : 0}/0/0
A: authorized=0
A: authorized_default=1
A: bConfigurationValue=1
A: bDeviceClass=${isRoot ? '09' : '00'}
A: bNumInterfaces= ${interfaces.length}
A: idVendor=${hex(vendor)}
A: idProduct=${hex(product)}
A: product=${name}
A: serial=S1
A: speed=480
H: descriptors=${descriptors(device).toString('hex').toUpperCase()}
`;
}

/** USB 2.0, chapter 9: the device, its one configuration, and the interfaces of that. */
function descriptors({ port, vendor, product, interfaces }: UsbDevice): Buffer {
  const device = Buffer.from([18, 1, 0, 2, port === '' ? HUB_CLASS : 0, 0, 0, 64, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  device.writeUInt16LE(vendor, 8);
  device.writeUInt16LE(product, 10);
  const each = interfaces.map((kind, index) => Buffer.from([9, 4, index, 0, 0, ...kind, 0]));
  const configuration = Buffer.from([9, 2, 9 + 9 * each.length, 0, each.length, 1, 0, 0x80, 50]);
  return Buffer.concat([device, configuration, ...each]);
}
