#!/usr/bin/env node
// Any Node can read this, however old, so that an old one says something clear: no syntax after ES5 but `import()`.

function isNewEnough(major, minor) {
  return (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26
}

function fail(line) {
  process.stderr.write('counterfoil: ' + line + '\n')
  process.exitCode = 1
}

function explain(error) {
  return error.code === 'ERR_MODULE_NOT_FOUND' && /[\\/]dist[\\/]/.test(String(error.url))
    ? 'is not built yet: run npm run build first.'
    : 'cannot start: ' + String(error.message).split('\n')[0]
}

if (isNewEnough.apply(null, process.versions.node.split('.').map(Number))) {
  import('../dist/main.js').catch(function (error) {
    fail(explain(error))
  })
} else {
  fail(
    'needs Node 24.16 or later of 24, or 26.1 or later; found ' +
      process.versions.node +
      '. Install one from https://nodejs.org; in the workspace, npx counterfoil brings its own.',
  )
}
