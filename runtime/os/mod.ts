/**
 * The operating system: every system call of the server goes through this module.
 *
 * `Os` is the interface that the event loop uses, `LinuxOs` its implementation. The other exports are files,
 * logs, and calls that the server makes at its start and stop.
 *
 * ```ts
 * import { EpollEvents, LinuxOs } from "./mod.ts";
 * const os = new LinuxOs();
 * const epoll = os.epollCreate();
 * os.epollWait(epoll, new EpollEvents(1), 0); // 0: nothing is registered
 * os.close(epoll);
 * ```
 *
 * @module
 */

export { isLostConnection, isShortage } from "./accept_error.ts";
export { preciseClock } from "./clock.ts";
export {
  adoptActivated,
  adoptPassed,
  closeOnExec,
  isActivated,
  type PassedListener,
} from "./activated_listener.ts";
export { ConnectionCutter } from "./connection_cutter.ts";
export { denoEpoll } from "./deno_epoll.ts";
export { DescriptorChannel, PACKET_BYTES, PACKET_DESCRIPTORS } from "./descriptor_channel.ts";
export {
  type DescriptorLimit,
  descriptorLimit,
  hasDescriptors,
  hasDescriptorsAtStart,
  lowestDescriptor,
  raiseDescriptorLimit,
} from "./descriptor_limit.ts";
export {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLET,
  EpollEvents,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
} from "./epoll.ts";
export {
  EACCES,
  EADDRINUSE,
  EAGAIN,
  EBUSY,
  ECANCELED,
  ECONNABORTED,
  ECONNRESET,
  EINTR,
  EINVAL,
  EIO,
  EISDIR,
  ELOOP,
  EMFILE,
  ENAMETOOLONG,
  ENFILE,
  ENOBUFS,
  ENOENT,
  ENOMEM,
  ENOSYS,
  ENOTDIR,
  EPERM,
  EPIPE,
  EPROTO,
  errnoName,
  errnoText,
  ETIMEDOUT,
  EXDEV,
} from "./errno.ts";
export { FileStatus } from "./file_status.ts";
export type { FileSystem, LookUp, ReadPlace } from "./file_system.ts";
export { hasLibc } from "./libc.ts";
export { MemoryFile } from "./memory_file.ts";
export { memorySize } from "./memory_size.ts";
export { type EnterRing, IoUring, type RingMemory } from "./io_uring.ts";
export { type OpenedRing, openIoUring } from "./linux_io_uring.ts";
export { LinuxFiles } from "./linux_files.ts";
export { LinuxLogFile } from "./linux_log_file.ts";
export { LinuxOs } from "./linux.ts";
export { adoptListener, setBlocking } from "./listener.ts";
export { countLines, LogFile, type LogFileOptions } from "./log_file.ts";
export { type LoopbackPair, loopbackPair } from "./loopback_pair.ts";
export { isNotifyAddress, sendDatagram } from "./notify_socket.ts";
export type { Os } from "./os.ts";
export { PortableFiles } from "./portable_files.ts";
export { openLogFile } from "./open_log_file.ts";
export { PortableLogFile } from "./portable_log_file.ts";
export { peerSockaddr } from "./peer_address.ts";
export { childrenOf, descriptorTarget, wasStartedWith } from "./other_process.ts";
export { type OwnCommand, ownCommand, readText } from "./own_command.ts";
export { ProcessChannel } from "./process_channel.ts";
export { holdConnections, steerConnections, tuneListeners } from "./reuse_port.ts";
export {
  addressText,
  copySockaddrAddress,
  SOCKADDR_BYTES,
  sockaddrFamily,
  sockaddrPort,
} from "./sockaddr.ts";
export { endOfChild, seenEndOfChild, signalProcess, spawnProcess } from "./spawn.ts";
export { expectSuccess } from "./syscall.ts";
export { SystemError } from "./system_error.ts";
export { TimerDescriptor } from "./timer_descriptor.ts";
export { type UsableCores, usableCores } from "./usable_cores.ts";
export { UnixConnection } from "./unix_connection.ts";
export { openWakeRing, type WakeRing } from "./wake_ring.ts";
export { OwnListener } from "./own_listener.ts";
export { listenUnix, LONGEST_UNIX_PATH, removeUnix, unixIdentity } from "./unix_listener.ts";
