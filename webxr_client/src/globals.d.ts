/** Said once in the Python package, put in by the build. */
declare const __XRSERVER_VERSION__: string;

/** WebXR Hand Input's way to read all joints at once, which its types leave out; not every browser has it. */
interface XRFrame {
  fillPoses?(spaces: readonly XRSpace[], base: XRSpace, transforms: Float32Array): boolean;
  fillJointRadii?(joints: readonly XRJointSpace[], radii: Float32Array): boolean;
}
