/**
 * The kernel's audit system over netlink (netlink(7), linux/audit.h): its switch, and its records as every listener with
 * CAP_AUDIT_READ gets them. Owns the byte layout; what a record means is read elsewhere. The kernel sends records to the first network
 * namespace only.
 */
import koffi from 'koffi';
import { WardlockError } from '../../core/errors/index.ts';

const libc = koffi.load('libc.so.6');
type Call = (...args: readonly unknown[]) => unknown;
const bindCall = (definition: string): Call => libc.func(definition);
const socket = bindCall('int socket(int domain, int type, int protocol)');
const bind = bindCall('int bind(int fd, const uint8_t *address, uint32_t size)');
const send = bindCall('long send(int fd, const uint8_t *data, size_t size, int flags)');
const receive = bindCall('long recv(int fd, _Out_ uint8_t *data, size_t size, int flags)');
const setsockopt = bindCall('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t size)');
const close = bindCall('int close(int fd)');

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_AUDIT = 9;
const ADDRESS_BYTES = 12;
const GROUP_READLOG = 1;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** Room for a burst of denials while the reader is not scheduled. */
const RECEIVE_BUFFER_BYTES = 64 * 1024 * 1024;
const MAX_MESSAGE_BYTES = 16 * 1024;

const HEADER_BYTES = 16;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLMSG_ERROR = 2;
const AUDIT_GET = 1000;
const AUDIT_SET = 1001;
const STATUS_BYTES = 40;
const STATUS_MASK_ENABLED = 1;
const STATUS_MASK_BACKLOG_LIMIT = 0x10;

/** Records were lost because the reader was too slow (netlink(7)). */
const ENOBUFS = 105;
const EINTR = 4;
/** Nothing came for as long as `SO_RCVTIMEO` says (socket(7)). */
const EAGAIN = 11;
const SO_RCVTIMEO = 20;
/** struct timeval of a 64-bit system. */
const TIMEVAL_BYTES = 16;

export interface AuditRecord {
  readonly type: number;
  readonly text: string;
}

function open(groups: number): number {
  const fd = Number(socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_AUDIT));
  if (fd < 0) throw new WardlockError('OS_CALL_FAILED', `The audit system can not be reached (errno ${koffi.errno()}).`);
  const address = Buffer.alloc(ADDRESS_BYTES);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(groups, 8);
  if (bind(fd, address, ADDRESS_BYTES) === 0) return fd;
  const errno = koffi.errno();
  close(fd);
  throw new WardlockError('OS_CALL_FAILED', `Audit records can not be listened to (errno ${errno}).`);
}

/** Starts to receive all audit records of the machine. Returns a descriptor for `nextRecord`, which waits at most so many seconds. */
export function listenToRecords(waitSeconds: number): number {
  const fd = open(GROUP_READLOG);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(RECEIVE_BUFFER_BYTES);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.length);
  const wait = Buffer.alloc(TIMEVAL_BYTES);
  wait.writeBigInt64LE(BigInt(waitSeconds));
  if (Number(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, wait, wait.length)) !== 0)
    throw new WardlockError('OS_CALL_FAILED', `Audit records can not be waited for with a limit (errno ${koffi.errno()}).`);
  return fd;
}

/** Waits for the next record, in the calling thread. `lost`: some were lost; `quiet`: none came for as long as is waited. */
export function nextRecord(fd: number): AuditRecord | 'lost' | 'quiet' {
  const message = Buffer.alloc(MAX_MESSAGE_BYTES);
  for (;;) {
    const length = Number(receive(fd, message, message.length, 0));
    if (length >= HEADER_BYTES) return { type: message.readUInt16LE(4), text: message.toString('latin1', HEADER_BYTES, length) };
    const errno = koffi.errno();
    if (length < 0 && errno === ENOBUFS) return 'lost';
    if (length < 0 && errno === EAGAIN) return 'quiet';
    if (length < 0 && errno !== EINTR) throw new WardlockError('OS_CALL_FAILED', `Audit records do not come any more (errno ${errno}).`);
  }
}

export interface AuditStatus {
  /** 0: the kernel makes no records, 1: it does, 2: it does and can not be told to stop until the next boot. */
  readonly enabled: number;
  /** Records that may wait before the kernel drops more of them. */
  readonly backlogLimit: number;
  /** Records dropped since boot. */
  readonly lost: number;
}

/** The state of the machine's audit system. */
export function readAuditStatus(): AuditStatus {
  const status = ask(AUDIT_GET, Buffer.alloc(0)).find(({ type }) => type === AUDIT_GET)?.payload;
  if (status === undefined) throw new WardlockError('OS_CALL_FAILED', 'The audit system did not tell its state.');
  return { enabled: status.readUInt32LE(4), backlogLimit: status.readUInt32LE(20), lost: status.readUInt32LE(24) };
}

/** Switches the making of audit records for the whole machine. */
export function writeAuditEnabled(enabled: number): void {
  set(STATUS_MASK_ENABLED, 4, enabled);
}

/** Sets how many records may wait. */
export function writeAuditBacklogLimit(records: number): void {
  set(STATUS_MASK_BACKLOG_LIMIT, 20, records);
}

function set(mask: number, offset: number, value: number): void {
  const status = Buffer.alloc(STATUS_BYTES);
  status.writeUInt32LE(mask, 0);
  status.writeUInt32LE(value, offset);
  ask(AUDIT_SET, status);
}

interface Answer {
  readonly type: number;
  readonly payload: Buffer;
}

/** Sends a request and reads answers up to and with its acknowledgement; AUDIT_GET answers with one message more. */
function ask(type: number, payload: Buffer): readonly Answer[] {
  const fd = open(0);
  try {
    const message = Buffer.concat([Buffer.alloc(HEADER_BYTES), payload]);
    message.writeUInt32LE(message.length, 0);
    message.writeUInt16LE(type, 4);
    message.writeUInt16LE(NLM_F_REQUEST | NLM_F_ACK, 6);
    message.writeUInt32LE(1, 8);
    if (Number(send(fd, message, message.length, 0)) !== message.length) {
      throw new WardlockError('OS_CALL_FAILED', `The audit system took no request (errno ${koffi.errno()}).`);
    }
    const answers: Answer[] = [];
    for (let left = type === AUDIT_GET ? 2 : 1; left > 0; left -= 1) answers.push(answer(fd));
    return answers;
  } finally {
    close(fd);
  }
}

function answer(fd: number): Answer {
  const message = Buffer.alloc(MAX_MESSAGE_BYTES);
  const length = Number(receive(fd, message, message.length, 0));
  if (length < HEADER_BYTES) throw new WardlockError('OS_CALL_FAILED', `The audit system gave no answer (errno ${koffi.errno()}).`);
  const type = message.readUInt16LE(4);
  const payload = message.subarray(HEADER_BYTES, length);
  if (type === NLMSG_ERROR && payload.readInt32LE(0) !== 0) {
    throw new WardlockError('OS_CALL_FAILED', `The audit system refused (errno ${-payload.readInt32LE(0)}).`);
  }
  return { type, payload };
}
