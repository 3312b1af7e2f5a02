const number = new Intl.NumberFormat('en')
const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** `1,234` */
export const formatCount = (count: number): string => number.format(count)

/** `3.4 MB` */
export function formatBytes(bytes: number): string {
  let unit = 0
  let size = bytes
  for (; size >= 1000 && unit < UNITS.length - 1; unit++) size /= 1000
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`
}
