/** Said once in the Python package, put in by the build. */
declare const __XRSERVER_VERSION__: string;
