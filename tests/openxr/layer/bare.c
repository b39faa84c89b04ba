/* An OpenXR runtime for tests: Monado without one extension, whose name is in $XRSERVER_HIDDEN. No API layer can
 * take away what a runtime offers: the loader asks the runtime itself. */
#define XR_NO_PROTOTYPES
#include <openxr/openxr.h>
#include <openxr/openxr_loader_negotiation.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static PFN_xrGetInstanceProcAddr get;
static PFN_xrEnumerateInstanceExtensionProperties next;

static XrResult offered(const char *layer, uint32_t room, uint32_t *count, XrExtensionProperties *found) {
  XrExtensionProperties all[256];
  uint32_t known = 0, kept = 0;
  for (int i = 0; i < 256; i++) all[i] = (XrExtensionProperties){XR_TYPE_EXTENSION_PROPERTIES};
  XrResult result = next(layer, 256, &known, all);
  if (XR_FAILED(result)) return result;
  for (uint32_t i = 0; i < known; i++) {
    if (!strcmp(all[i].extensionName, getenv("XRSERVER_HIDDEN"))) continue;
    if (kept < room) found[kept] = all[i];
    kept++;
  }
  *count = kept;
  return room && room < kept ? XR_ERROR_SIZE_INSUFFICIENT : XR_SUCCESS;
}

static XrResult own_get(XrInstance instance, const char *name, PFN_xrVoidFunction *found) {
  XrResult result = get(instance, name, found);
  if (!strcmp(name, "xrEnumerateInstanceExtensionProperties")) {
    next = (PFN_xrEnumerateInstanceExtensionProperties)*found;
    *found = (PFN_xrVoidFunction)offered;
  }
  return result;
}

XrResult xrNegotiateLoaderRuntimeInterface(const XrNegotiateLoaderInfo *loader, XrNegotiateRuntimeRequest *request) {
  void *monado = dlopen("libopenxr_monado.so", RTLD_NOW);
  if (!monado) monado = dlopen("/usr/lib/x86_64-linux-gnu/libopenxr_monado.so", RTLD_NOW);
  if (!monado) return XR_ERROR_INITIALIZATION_FAILED;
  PFN_xrNegotiateLoaderRuntimeInterface negotiate =
      (PFN_xrNegotiateLoaderRuntimeInterface)dlsym(monado, "xrNegotiateLoaderRuntimeInterface");
  XrResult result = negotiate(loader, request);
  if (XR_SUCCEEDED(result)) {
    get = request->getInstanceProcAddr;
    request->getInstanceProcAddr = own_get;
  }
  return result;
}
