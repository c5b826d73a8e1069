import type { ObjectStore } from '../../../core/object-store.js'
import { parseSftpOptions, type SftpOptions } from './options.js'
import { SftpStore } from './sftp-store.js'

export type { SftpOptions } from './options.js'

/**
 * A folder on an SFTP server, such as a dropbox of Google's Actions Center; the package `ssh2-sftp-client` must be
 * installed. Files are written under other names and renamed when they are whole. Making one opens nothing.
 *
 * @throws ConfigError when an option is wrong.
 */
export function sftp(options: SftpOptions): ObjectStore {
  return new SftpStore(parseSftpOptions(options))
}
