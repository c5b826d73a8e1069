export { type SftpOptions, sftp } from './sftp.js'
