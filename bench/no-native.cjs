// For `node --require`: makes this machine one without libsecp256k1's addon.
const Module = require('node:module')
const resolve = Module._resolveFilename
Module._resolveFilename = function (request, ...rest) {
  if (request.startsWith('secp256k1')) throw new Error('not here, by order of the bench')
  return resolve.call(this, request, ...rest)
}
