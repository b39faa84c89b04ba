/* An OpenXR API layer for tests: gives any runtime eyes that are tracked, a sensor that knows whether the headset
 * is worn, passthrough by ALPHA_BLEND, and quad views; and writes down what applications hand to it.
 * A test steers it through a file, $XRSERVER_PERSON, which both map. */
#define XR_NO_PROTOTYPES
#include <openxr/openxr.h>
#include <openxr/openxr_loader_negotiation.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Told by the test, then told to it. tests/openxr/inside/person.py says the same in Python. */
typedef struct {
  float gaze[4]; /* in the head, xyzw */
  int32_t looks, present, through, recentred;
  int32_t frames, blend, layers, views, quads, flags;
  int32_t fingers; /* told: bit 0 the left hand is seen, bit 1 the right one; then no controller is held */
  float joints[2][26][3];
} Person;

static Person nobody = {{0, 0, 0, 1}, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, *person = &nobody;
static XrHandTrackerEXT trackers[2];
static int fingers_told;
static XrSession session;
static XrSessionState state;
static int presence_on, quads_on, quads_now, follows_on, presence_told = -1, recentred_told;
static XrAction looks_by[8];
static XrSpace looks_from[8];
static int actions, spaces;
static PFN_xrGetInstanceProcAddr get;

#define HOOKS(each)                                                                                        \
  each(GetSystemProperties) each(SuggestInteractionProfileBindings) each(CreateActionSpace)                \
  each(LocateSpace) each(GetActionStatePose) each(PollEvent) each(EndFrame) each(BeginSession)             \
  each(CreateSession) each(DestroySession) each(EnumerateViewConfigurations)                               \
  each(EnumerateViewConfigurationViews) each(LocateViews) each(EnumerateEnvironmentBlendModes)              \
  each(CreateReferenceSpace) each(CreateHandTrackerEXT) each(LocateHandJointsEXT) each(GetCurrentInteractionProfile)
#define ALSO(each) each(DestroySpace) each(PathToString)
#define NEXT(name) static PFN_xr##name next_##name;
HOOKS(NEXT)
ALSO(NEXT)

#define QUAD XR_VIEW_CONFIGURATION_TYPE_PRIMARY_QUAD_VARJO
#define STEREO XR_VIEW_CONFIGURATION_TYPE_PRIMARY_STEREO

static XrResult own_GetSystemProperties(XrInstance instance, XrSystemId system, XrSystemProperties *found) {
  XrResult result = next_GetSystemProperties(instance, system, found);
  for (XrBaseOutStructure *link = found->next; link; link = link->next) {
    if (link->type == XR_TYPE_SYSTEM_EYE_GAZE_INTERACTION_PROPERTIES_EXT)
      ((XrSystemEyeGazeInteractionPropertiesEXT *)link)->supportsEyeGazeInteraction = 1;
    if (link->type == XR_TYPE_SYSTEM_FOVEATED_RENDERING_PROPERTIES_VARJO)
      ((XrSystemFoveatedRenderingPropertiesVARJO *)link)->supportsFoveatedRendering = follows_on;
    if (link->type == XR_TYPE_SYSTEM_USER_PRESENCE_PROPERTIES_EXT)
      ((XrSystemUserPresencePropertiesEXT *)link)->supportsUserPresence = 1;
  }
  return result;
}

static XrResult own_SuggestInteractionProfileBindings(
    XrInstance instance, const XrInteractionProfileSuggestedBinding *suggested) {
  char path[256];
  uint32_t length;
  next_PathToString(instance, suggested->interactionProfile, sizeof path, &length, path);
  if (!strcmp(path, "/interaction_profiles/ext/eye_gaze_interaction"))
    for (uint32_t i = 0; i < suggested->countSuggestedBindings && actions < 8; i++)
      looks_by[actions++] = suggested->suggestedBindings[i].action;
  return next_SuggestInteractionProfileBindings(instance, suggested);
}

static int by_eyes(XrAction action) {
  for (int i = 0; i < actions; i++)
    if (looks_by[i] == action) return 1;
  return 0;
}

static XrResult own_CreateActionSpace(XrSession in, const XrActionSpaceCreateInfo *info, XrSpace *made) {
  XrResult result = next_CreateActionSpace(in, info, made);
  if (XR_SUCCEEDED(result) && by_eyes(info->action) && spaces < 8) looks_from[spaces++] = *made;
  return result;
}

/* The space of both eyes, by which Varjo's applications see whether eyes are seen. */
static XrResult own_CreateReferenceSpace(XrSession in, const XrReferenceSpaceCreateInfo *info, XrSpace *made) {
  XrReferenceSpaceCreateInfo plain = *info;
  int eyes = info->referenceSpaceType == XR_REFERENCE_SPACE_TYPE_COMBINED_EYE_VARJO;
  if (eyes) plain.referenceSpaceType = XR_REFERENCE_SPACE_TYPE_VIEW;
  XrResult result = next_CreateReferenceSpace(in, &plain, made);
  if (XR_SUCCEEDED(result) && eyes && spaces < 8) looks_from[spaces++] = *made;
  return result;
}

static XrResult own_GetActionStatePose(XrSession in, const XrActionStateGetInfo *info, XrActionStatePose *found) {
  XrResult result = next_GetActionStatePose(in, info, found);
  if (XR_SUCCEEDED(result) && by_eyes(info->action)) found->isActive = person->looks;
  return result;
}

static XrResult own_LocateSpace(XrSpace space, XrSpace base, XrTime time, XrSpaceLocation *found) {
  for (int i = 0; i < spaces; i++) {
    if (looks_from[i] != space) continue;
    if (!person->looks) {
      found->locationFlags = 0;
      return XR_SUCCESS;
    }
    /* A space before the head, turned as the eyes are. */
    XrReferenceSpaceCreateInfo info = {XR_TYPE_REFERENCE_SPACE_CREATE_INFO, 0, XR_REFERENCE_SPACE_TYPE_VIEW,
        {{person->gaze[0], person->gaze[1], person->gaze[2], person->gaze[3]}, {0, 0, 0}}};
    XrSpace eyes;
    XrResult result = next_CreateReferenceSpace(session, &info, &eyes);
    if (XR_FAILED(result)) return result;
    result = next_LocateSpace(eyes, base, time, found);
    next_DestroySpace(eyes);
    return result;
  }
  return next_LocateSpace(space, base, time, found);
}

static XrResult own_PollEvent(XrInstance instance, XrEventDataBuffer *event) {
  XrResult result = next_PollEvent(instance, event);
  if (result == XR_SUCCESS && event->type == XR_TYPE_EVENT_DATA_SESSION_STATE_CHANGED)
    state = ((XrEventDataSessionStateChanged *)event)->state;
  if (result == XR_EVENT_UNAVAILABLE && presence_on && session && state >= XR_SESSION_STATE_READY &&
      presence_told != person->present) {
    XrEventDataUserPresenceChangedEXT told = {XR_TYPE_EVENT_DATA_USER_PRESENCE_CHANGED_EXT, 0, session,
        person->present};
    presence_told = person->present;
    memcpy(event, &told, sizeof told);
    return XR_SUCCESS;
  }
  if (result == XR_EVENT_UNAVAILABLE && session && recentred_told != person->recentred) {
    XrEventDataReferenceSpaceChangePending told = {XR_TYPE_EVENT_DATA_REFERENCE_SPACE_CHANGE_PENDING, 0, session,
        XR_REFERENCE_SPACE_TYPE_LOCAL_FLOOR};
    recentred_told = person->recentred;
    memcpy(event, &told, sizeof told);
    return XR_SUCCESS;
  }
  if (result == XR_EVENT_UNAVAILABLE && session && fingers_told != person->fingers) {
    XrEventDataInteractionProfileChanged told = {XR_TYPE_EVENT_DATA_INTERACTION_PROFILE_CHANGED, 0, session};
    fingers_told = person->fingers;
    memcpy(event, &told, sizeof told);
    return XR_SUCCESS;
  }
  return result;
}

static XrResult own_GetCurrentInteractionProfile(XrSession in, XrPath user, XrInteractionProfileState *found) {
  XrResult result = next_GetCurrentInteractionProfile(in, user, found);
  if (XR_SUCCEEDED(result) && person->fingers) found->interactionProfile = XR_NULL_PATH;
  return result;
}

static XrResult own_CreateHandTrackerEXT(
    XrSession in, const XrHandTrackerCreateInfoEXT *info, XrHandTrackerEXT *made) {
  XrResult result = next_CreateHandTrackerEXT(in, info, made);
  if (XR_SUCCEEDED(result)) trackers[info->hand == XR_HAND_RIGHT_EXT] = *made;
  return result;
}

/* Joints are told in the room, which is the only space that a viewer asks for them in. */
static XrResult own_LocateHandJointsEXT(
    XrHandTrackerEXT hand, const XrHandJointsLocateInfoEXT *info, XrHandJointLocationsEXT *found) {
  XrResult result = next_LocateHandJointsEXT(hand, info, found);
  int side = hand == trackers[1];
  if (XR_FAILED(result) || !person->fingers) return result;
  found->isActive = person->fingers >> side & 1;
  for (uint32_t i = 0; i < found->jointCount && i < 26; i++) {
    XrHandJointLocationEXT *joint = found->jointLocations + i;
    float *at = person->joints[side][i];
    joint->locationFlags = found->isActive ? XR_SPACE_LOCATION_POSITION_VALID_BIT |
        XR_SPACE_LOCATION_ORIENTATION_VALID_BIT | XR_SPACE_LOCATION_POSITION_TRACKED_BIT |
        XR_SPACE_LOCATION_ORIENTATION_TRACKED_BIT : 0;
    joint->pose.orientation.x = joint->pose.orientation.y = joint->pose.orientation.z = 0;
    joint->pose.orientation.w = 1;
    joint->pose.position.x = at[0], joint->pose.position.y = at[1], joint->pose.position.z = at[2];
    joint->radius = .008f;
  }
  return result;
}

static XrResult own_EnumerateViewConfigurations(
    XrInstance instance, XrSystemId system, uint32_t room, uint32_t *count, XrViewConfigurationType *kinds) {
  XrViewConfigurationType found[8];
  XrResult result = next_EnumerateViewConfigurations(instance, system, 7, count, found);
  if (XR_FAILED(result)) return result;
  if (quads_on) found[(*count)++] = QUAD;
  if (room && room < *count) return XR_ERROR_SIZE_INSUFFICIENT;
  if (room) memcpy(kinds, found, *count * sizeof *found);
  return result;
}

static XrResult own_EnumerateViewConfigurationViews(XrInstance instance, XrSystemId system,
    XrViewConfigurationType kind, uint32_t room, uint32_t *count, XrViewConfigurationView *views) {
  if (kind != QUAD) return next_EnumerateViewConfigurationViews(instance, system, kind, room, count, views);
  const void *asked[4] = {0};
  for (uint32_t i = 0; i < room && i < 4; i++) asked[i] = views[i].next, views[i].next = 0;
  XrResult result = next_EnumerateViewConfigurationViews(instance, system, STEREO, room ? 2 : 0, count, views);
  *count = 4;
  if (room) {
    views[2] = views[0], views[3] = views[1];
    /* What follows the eyes may be smaller. */
    const XrFoveatedViewConfigurationViewVARJO *link = asked[2];
    if (link && link->type == XR_TYPE_FOVEATED_VIEW_CONFIGURATION_VIEW_VARJO && link->foveatedRenderingActive)
      for (int i = 2; i < 4; i++) views[i].recommendedImageRectWidth /= 2, views[i].recommendedImageRectHeight /= 2;
    for (int i = 0; i < 4; i++) views[i].next = (void *)asked[i];
    for (int i = 0; i < 2; i++) views[i].recommendedImageRectWidth /= 2, views[i].recommendedImageRectHeight /= 2;
  }
  return result;
}

static XrResult own_EnumerateEnvironmentBlendModes(XrInstance instance, XrSystemId system,
    XrViewConfigurationType kind, uint32_t room, uint32_t *count, XrEnvironmentBlendMode *modes) {
  XrEnvironmentBlendMode found[8];
  XrResult result = next_EnumerateEnvironmentBlendModes(
      instance, system, kind == QUAD ? STEREO : kind, 7, count, found);
  if (XR_FAILED(result)) return result;
  if (person->through) found[(*count)++] = XR_ENVIRONMENT_BLEND_MODE_ALPHA_BLEND;
  if (room && room < *count) return XR_ERROR_SIZE_INSUFFICIENT;
  if (room) memcpy(modes, found, *count * sizeof *found);
  return result;
}

static XrResult own_BeginSession(XrSession in, const XrSessionBeginInfo *info) {
  XrSessionBeginInfo plain = *info;
  quads_now = info->primaryViewConfigurationType == QUAD;
  if (quads_now) plain.primaryViewConfigurationType = STEREO;
  return next_BeginSession(in, &plain);
}

/* The third and fourth view are two fifths as wide, where the eyes look. */
static XrResult own_LocateViews(XrSession in, const XrViewLocateInfo *info, XrViewState *known, uint32_t room,
    uint32_t *count, XrView *views) {
  if (info->viewConfigurationType != QUAD) return next_LocateViews(in, info, known, room, count, views);
  XrViewLocateInfo plain = *info;
  plain.viewConfigurationType = STEREO;
  const XrViewLocateFoveatedRenderingVARJO *link = info->next;
  int follows = link && link->type == XR_TYPE_VIEW_LOCATE_FOVEATED_RENDERING_VARJO && link->foveatedRenderingActive;
  plain.next = 0;
  XrResult result = next_LocateViews(in, &plain, known, room ? 2 : 0, count, views);
  *count = 4;
  if (!room || XR_FAILED(result)) return result;
  float *q = person->gaze, ahead = 1 - 2 * (q[0] * q[0] + q[1] * q[1]);
  float x = -2 * (q[0] * q[2] + q[3] * q[1]) / ahead, y = -2 * (q[1] * q[2] - q[3] * q[0]) / ahead;
  if (!follows) x = y = 0;
  for (int i = 0; i < 2; i++) {
    XrFovf f = views[i].fov;
    float left = tanf(f.angleLeft), right = tanf(f.angleRight), up = tanf(f.angleUp), down = tanf(f.angleDown);
    float wide = (right - left) * .2f, tall = (up - down) * .2f;
    float cx = fminf(fmaxf(x, left + wide), right - wide), cy = fminf(fmaxf(y, down + tall), up - tall);
    XrFovf sharp = {atanf(cx - wide), atanf(cx + wide), atanf(cy + tall), atanf(cy - tall)};
    views[i + 2].pose = views[i].pose;
    views[i + 2].fov = sharp;
  }
  return result;
}

static XrResult own_EndFrame(XrSession in, const XrFrameEndInfo *info) {
  XrFrameEndInfo plain = *info;
  const XrCompositionLayerBaseHeader *layers[16];
  XrCompositionLayerProjection stereo;
  person->frames++, person->blend = info->environmentBlendMode, person->layers = info->layerCount;
  person->quads = person->views = 0;
  for (uint32_t i = 0; i < info->layerCount && i < 16; i++) {
    layers[i] = info->layers[i];
    if (layers[i]->type == XR_TYPE_COMPOSITION_LAYER_QUAD) person->quads++;
    if (layers[i]->type != XR_TYPE_COMPOSITION_LAYER_PROJECTION) continue;
    stereo = *(const XrCompositionLayerProjection *)layers[i];
    person->views = stereo.viewCount, person->flags = stereo.layerFlags;
    if (quads_now && stereo.viewCount == 4) {
      stereo.viewCount = 2;
      layers[i] = (const XrCompositionLayerBaseHeader *)&stereo;
    }
  }
  plain.layers = layers;
  if (plain.environmentBlendMode == XR_ENVIRONMENT_BLEND_MODE_ALPHA_BLEND)
    plain.environmentBlendMode = XR_ENVIRONMENT_BLEND_MODE_OPAQUE;
  return next_EndFrame(in, &plain);
}

static XrResult own_CreateSession(XrInstance instance, const XrSessionCreateInfo *info, XrSession *made) {
  XrResult result = next_CreateSession(instance, info, made);
  if (XR_SUCCEEDED(result)) session = *made;
  return result;
}

static XrResult own_DestroySession(XrSession in) {
  session = 0, state = 0, spaces = actions = 0, presence_told = -1;
  return next_DestroySession(in);
}

static XrResult own_get(XrInstance instance, const char *name, PFN_xrVoidFunction *found) {
#define HOOK(each)                                   \
  if (!strcmp(name, "xr" #each)) {                   \
    *found = (PFN_xrVoidFunction)own_##each;         \
    return XR_SUCCESS;                               \
  }
  HOOKS(HOOK)
  return get(instance, name, found);
}

static XrResult own_create(const XrInstanceCreateInfo *info, const XrApiLayerCreateInfo *layers, XrInstance *made) {
  /* What the runtime does not know is left out of what it is asked for. */
  const char *names[64];
  uint32_t count = 0;
  presence_on = quads_on = follows_on = 0;
  for (uint32_t i = 0; i < info->enabledExtensionCount && count < 64; i++) {
    const char *name = info->enabledExtensionNames[i];
    if (!strcmp(name, "XR_EXT_user_presence")) presence_on = 1;
    else if (!strcmp(name, "XR_VARJO_quad_views")) quads_on = 1;
    else if (!strcmp(name, "XR_VARJO_foveated_rendering")) follows_on = 1;
    else names[count++] = name;
  }
  XrInstanceCreateInfo plain = *info;
  plain.enabledExtensionCount = count, plain.enabledExtensionNames = names;
  XrApiLayerCreateInfo rest = *layers;
  rest.nextInfo = layers->nextInfo->next;
  get = layers->nextInfo->nextGetInstanceProcAddr;
  XrResult result = layers->nextInfo->nextCreateApiLayerInstance(&plain, &rest, made);
  if (XR_FAILED(result)) return result;
#define FETCH(each) get(*made, "xr" #each, (PFN_xrVoidFunction *)&next_##each);
  HOOKS(FETCH)
  ALSO(FETCH)
  const char *path = getenv("XRSERVER_PERSON");
  int file = path ? open(path, O_RDWR) : -1;
  if (file >= 0) {
    void *map = mmap(0, sizeof(Person), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map != MAP_FAILED) person = map;
    close(file);
  }
  return result;
}

XrResult xrNegotiateLoaderApiLayerInterface(
    const XrNegotiateLoaderInfo *loader, const char *name, XrNegotiateApiLayerRequest *request) {
  request->layerInterfaceVersion = XR_CURRENT_LOADER_API_LAYER_VERSION;
  request->layerApiVersion = XR_MAKE_VERSION(1, 0, 34);
  request->getInstanceProcAddr = own_get;
  request->createApiLayerInstance = own_create;
  return XR_SUCCESS;
}
