/** What the system refuses, in words that an operator can act on: no such refusal is a bug of this program. */

/** What is said of one refusal of the system. */
export interface SystemRefusal {
  readonly what: string;
  readonly next: string;
}

type Says = (place: string) => SystemRefusal;

const otherPlace = "name another place, or check the path";
const noPermission: Says = (place) => ({
  what: `no permission for ${place}`,
  next: `run the command as the user that owns it (ls -ld '${place}' shows who), name another --data-dir, or ask a running node with --api URL`,
});
const noRoom: Says = (place) => ({
  what: `there is no room to write ${place}`,
  next: "free some space (df -h shows how much there is), or name a place on another disk",
});
const tooManyOpen: Says = (place) => ({
  what: `${place} cannot be opened: too many files are open`,
  next: "raise the limit: ulimit -n 4096 in a shell, LimitNOFILE=65536 in a systemd unit",
});

/** By the system's own code. Codes of sockets are not here: who listens or dials says what they mean. */
const refusals: Readonly<Record<string, Says>> = {
  EACCES: noPermission,
  EPERM: noPermission,
  EROFS: (place) => ({ what: `${place} is on a file system that is read-only`, next: otherPlace }),
  ENOENT: (place) => ({ what: `${place} is not there`, next: otherPlace }),
  ENOTDIR: (place) => ({ what: `a part of ${place} is a file and no directory`, next: otherPlace }),
  EISDIR: (place) => ({ what: `${place} is a directory and no file`, next: otherPlace }),
  ENAMETOOLONG: (place) => ({ what: `the path ${place} is too long for this system`, next: otherPlace }),
  ELOOP: (place) => ({ what: `${place} is a link that leads to itself`, next: otherPlace }),
  ENOSPC: noRoom,
  EDQUOT: noRoom,
  EFBIG: (place) => ({
    what: `${place} has reached the largest size that a file may have here`,
    next: "raise the limit of this process (ulimit -f unlimited), or use a file system with larger files",
  }),
  EMFILE: tooManyOpen,
  ENFILE: tooManyOpen,
  EIO: (place) => ({
    what: `the disk failed at ${place}`,
    next: "check the disk (dmesg shows what it reports), then run it again",
  }),
  ESTALE: (place) => ({
    what: `${place} has gone from the server of its file system`,
    next: "mount it again",
  }),
};

/** What to say of an error of the file system; undefined if the error is none that names a place. */
export function systemRefusal(error: Error): SystemRefusal | undefined {
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return undefined;
  // A write to an open file names no path.
  if (path === undefined && !/^(?:write|read|fsync|fdatasync|ftruncate|close)$/.test(syscall))
    return undefined;
  return Object.hasOwn(refusals, code) ? refusals[code]?.(path ?? "a file") : undefined;
}
