/**
 * USB devices that a policy lets a seat take. Wardlock has no hand on the USB bus: USBGuard on the seat enforces this, by
 * what `policy compile --to usbguard` makes of it. Without USBGuard the field has no effect, and the product says so.
 */
import Type, { type Static } from 'typebox';
import { Label } from '../contract/scalars.ts';

const closed = { additionalProperties: false } as const;

/** Classes of USB interfaces by their names of USB-IF. Hubs always work: nothing behind them would otherwise. */
const UsbClass = Type.Union([
  Type.Literal('hid'),
  Type.Literal('smart-card'),
  Type.Literal('printer'),
  Type.Literal('audio'),
  Type.Literal('video'),
  Type.Literal('image'),
  Type.Literal('serial'),
]);

/** What is absent is as it stands beside it. */
export const Devices = Type.Object(
  {
    /** A device fits when each of its interfaces is of one of these classes (none). `hid`: keyboards, pointers, scanners that type. */
    usbClasses: Type.Optional(Type.Array(UsbClass, { minItems: 1, maxItems: 7 })),
    /** Single devices, whatever their classes are; only storage still asks `usbStorage`. */
    usbDevices: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Label,
            /** Vendor and product, hexadecimal, such as `046d:c31c`. */
            id: Type.String({ pattern: '^[0-9a-f]{4}:[0-9a-f]{4}$' }),
            /** The serial number that the device tells; without it every device of this id. */
            serial: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9 ._:/+-]{1,126}$' })),
            use: Type.Optional(
              Type.Union([Type.Literal('keyboard'), Type.Literal('reader')], {
                description:
                  'What the seat needs it for: its keyboard, or its badge reader. Only said so that a policy that takes both classes away is not refused.',
              }),
            ),
          },
          closed,
        ),
        { maxItems: 1000 },
      ),
    ),
    /** Sticks, disks, card readers for memory cards (`block`). It goes before everything else. */
    usbStorage: Type.Optional(Type.Union([Type.Literal('block'), Type.Literal('allow')])),
    /** `lock`: a keyboard beside one that is there already is no keyboard, unless `usbDevices` names it (`lock`). */
    newKeyboard: Type.Optional(Type.Union([Type.Literal('lock'), Type.Literal('allow')])),
  },
  closed,
);

export type UsbClass = Static<typeof UsbClass>;
export type Devices = Static<typeof Devices>;

/** Said wherever a policy with `devices` is checked or compiled. */
export const DEVICES_NEED_USBGUARD =
  'devices: Wardlock enforces nothing of this field by itself. It holds only where USBGuard runs with the rules that policy compile --to usbguard writes.';
