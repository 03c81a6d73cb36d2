// Stands in for Prettier's JavaScript modules, which `prettier.js` has no use for.
export const parsers = {};
export const printers = {};
