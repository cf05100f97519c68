// A Vulkan layer for drivers that compile for a card which is not there. Such a driver has no memory, submits nothing and waits
// for ever: the layer stands in for these, so that WebGPU opens the device. Of every compute pipeline it appends a line of
// JSON to the file that VICUNA_SHADER_STATS names: what VK_KHR_pipeline_executable_properties says of it, and its instructions.
#define VK_NO_PROTOTYPES
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/** The process that loads this opens one instance, and one device at a time. */
static PFN_vkGetInstanceProcAddr next_of_instance;
static PFN_vkGetDeviceProcAddr next_of_device;
static VkDevice device;

#define DEVICE(name) ((PFN_##name)next_of_device(device, #name))

/** Asked for while the instance is made: later, older loaders give what is at the top of all layers, which is this one. */
static struct {
    PFN_vkCreateDevice create_device;
    PFN_vkGetPhysicalDeviceFeatures2 get_features;
    PFN_vkGetPhysicalDeviceMemoryProperties get_memory;
    PFN_vkGetPhysicalDeviceMemoryProperties2 get_memory2;
    PFN_vkGetPhysicalDeviceProperties2 get_properties;
} next;

static FILE *open_output(void) {
    const char *path = getenv("VICUNA_SHADER_STATS");
    return path ? fopen(path, "a") : NULL;
}

/** ACO of Mesa 22.3 falls over its own estimates of some shaders; then the rest is wanted without them. */
static bool estimates(void) { return !getenv("VICUNA_SHADER_STATS_CAREFUL"); }

static void write_string(FILE *out, const char *text) {
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\') fprintf(out, "\\%c", *c);
        else if (*c < 32) fprintf(out, "\\u%04x", *c);
        else fputc(*c, out);
    }
    fputc('"', out);
}

// What the driver does not have.

static VKAPI_ATTR VkResult VKAPI_CALL do_nothing(void) { return VK_SUCCESS; }

static bool computes(const char *name) {
    static const char *const names[] = {
        "vkBeginCommandBuffer", "vkEndCommandBuffer", "vkResetCommandBuffer", "vkResetCommandPool", "vkQueueWaitIdle",
        "vkDeviceWaitIdle", "vkWaitForFences", "vkGetFenceStatus", "vkResetFences", "vkQueueSubmit", "vkQueueSubmit2",
        "vkQueueSubmit2KHR",
    };
    if (!strncmp(name, "vkCmd", 5)) return true;
    for (size_t i = 0; i < COUNT(names); i++) if (!strcmp(name, names[i])) return true;
    return false;
}

/** Without timeline semaphores, which nobody would ever signal, WebGPU waits for fences. */
static VKAPI_ATTR void VKAPI_CALL get_features(VkPhysicalDevice card, VkPhysicalDeviceFeatures2 *features) {
    next.get_features(card, features);
    for (VkBaseOutStructure *each = features->pNext; each; each = each->pNext) {
        if (each->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES)
            ((VkPhysicalDeviceTimelineSemaphoreFeatures *)each)->timelineSemaphore = VK_FALSE;
        if (each->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES)
            ((VkPhysicalDeviceVulkan12Features *)each)->timelineSemaphore = VK_FALSE;
    }
}

static const VkDeviceSize memory_bytes = 8ull << 30;

static bool lend_memory(VkPhysicalDeviceMemoryProperties *memory) {
    if (memory->memoryTypeCount > 0) return false;
    memory->memoryHeapCount = memory->memoryTypeCount = 1;
    memory->memoryHeaps[0] = (VkMemoryHeap){memory_bytes, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
    memory->memoryTypes[0].heapIndex = 0;
    memory->memoryTypes[0].propertyFlags = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                           VK_MEMORY_PROPERTY_HOST_COHERENT_BIT | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    return true;
}

static VKAPI_ATTR void VKAPI_CALL get_memory(VkPhysicalDevice card, VkPhysicalDeviceMemoryProperties *memory) {
    next.get_memory(card, memory);
    lend_memory(memory);
}

static VKAPI_ATTR void VKAPI_CALL get_memory2(VkPhysicalDevice card, VkPhysicalDeviceMemoryProperties2 *memory) {
    next.get_memory2(card, memory);
    if (!lend_memory(&memory->memoryProperties)) return;
    for (VkBaseOutStructure *each = memory->pNext; each; each = each->pNext) {
        if (each->sType != VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT) continue;
        VkPhysicalDeviceMemoryBudgetPropertiesEXT *budget = (void *)each;
        budget->heapBudget[0] = memory_bytes;
        budget->heapUsage[0] = 0;
    }
}

static VKAPI_ATTR void VKAPI_CALL get_needs(VkDevice on, VkBuffer buffer, VkMemoryRequirements *needs) {
    DEVICE(vkGetBufferMemoryRequirements)(on, buffer, needs);
    if (!needs->memoryTypeBits) needs->memoryTypeBits = 1;
}

static VKAPI_ATTR void VKAPI_CALL get_needs2(VkDevice on, const VkBufferMemoryRequirementsInfo2 *info,
                                             VkMemoryRequirements2 *needs) {
    DEVICE(vkGetBufferMemoryRequirements2)(on, info, needs);
    if (!needs->memoryRequirements.memoryTypeBits) needs->memoryRequirements.memoryTypeBits = 1;
}

// What the compiler says.

static void write_statistics(FILE *out, const VkPipelineExecutableInfoKHR *which) {
    PFN_vkGetPipelineExecutableStatisticsKHR get = DEVICE(vkGetPipelineExecutableStatisticsKHR);
    uint32_t count = 0;
    get(device, which, &count, NULL);
    VkPipelineExecutableStatisticKHR *all = calloc(count + 1, sizeof *all);
    for (uint32_t i = 0; i < count; i++) all[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
    get(device, which, &count, all);
    for (uint32_t i = 0; i < count; i++) {
        fputs(i ? "," : "", out);
        write_string(out, all[i].name);
        if (all[i].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR) fprintf(out, ":%.17g", all[i].value.f64);
        else if (all[i].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR) fprintf(out, ":%u", all[i].value.b32);
        else fprintf(out, ":%llu", (unsigned long long)all[i].value.u64);
    }
    free(all);
}

static void write_texts(FILE *out, const VkPipelineExecutableInfoKHR *which) {
    PFN_vkGetPipelineExecutableInternalRepresentationsKHR get = DEVICE(vkGetPipelineExecutableInternalRepresentationsKHR);
    uint32_t count = 0;
    get(device, which, &count, NULL);
    VkPipelineExecutableInternalRepresentationKHR *all = calloc(count + 1, sizeof *all);
    for (uint32_t i = 0; i < count; i++) all[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR;
    get(device, which, &count, all);
    for (uint32_t i = 0; i < count; i++) all[i].pData = calloc(1, all[i].dataSize + 1);
    get(device, which, &count, all);
    bool first = true;
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].isText && strstr(all[i].name, "ssembly")) { // the instructions; what comes before them is long
            fputs(first ? "" : ",", out);
            first = false;
            write_string(out, all[i].name);
            fputc(':', out);
            write_string(out, all[i].pData);
        }
        free(all[i].pData);
    }
    free(all);
}

static void write_pipeline(VkPipeline pipeline) {
    FILE *out = open_output();
    if (!out) return;
    const VkPipelineInfoKHR info = {VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, NULL, pipeline};
    VkPipelineExecutablePropertiesKHR all[4] = {0};
    for (size_t i = 0; i < COUNT(all); i++) all[i].sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR;
    uint32_t count = COUNT(all);
    DEVICE(vkGetPipelineExecutablePropertiesKHR)(device, &info, &count, all);
    fputs("{\"executables\":[", out);
    for (uint32_t i = 0; i < count; i++) {
        const VkPipelineExecutableInfoKHR which = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, NULL, pipeline, i};
        fputs(i ? ",{\"name\":" : "{\"name\":", out);
        write_string(out, all[i].name);
        fprintf(out, ",\"subgroupSize\":%u,\"statistics\":{", all[i].subgroupSize);
        write_statistics(out, &which);
        fputs("},\"texts\":{", out);
        write_texts(out, &which);
        fputs("}}", out);
    }
    fputs("]}\n", out);
    fclose(out);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_pipelines(VkDevice on, VkPipelineCache cache, uint32_t count,
                                                       const VkComputePipelineCreateInfo *infos,
                                                       const VkAllocationCallbacks *allocator, VkPipeline *pipelines) {
    VkComputePipelineCreateInfo *capturing = calloc(count, sizeof *capturing);
    for (uint32_t i = 0; i < count; i++) {
        capturing[i] = infos[i];
        capturing[i].flags |= VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
        if (estimates()) capturing[i].flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
    }
    VkResult result = DEVICE(vkCreateComputePipelines)(on, cache, count, capturing, allocator, pipelines);
    for (uint32_t i = 0; i < count && result == VK_SUCCESS; i++) write_pipeline(pipelines[i]);
    free(capturing);
    return result;
}

static void write_driver(VkPhysicalDevice card) {
    FILE *out = open_output();
    if (!out) return;
    VkPhysicalDeviceDriverProperties driver = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceProperties2 properties = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &driver};
    next.get_properties(card, &properties);
    const char *const said[] = {"{\"card\":", properties.properties.deviceName, ",\"driver\":", driver.driverName,
                                ",\"version\":", driver.driverInfo};
    for (size_t i = 0; i < COUNT(said); i += 2) {
        fputs(said[i], out);
        write_string(out, said[i + 1]);
    }
    fputs("}\n", out);
    fclose(out);
}

// The layer between the loader and the driver.

static void *link_in(const void *chain, VkStructureType type) {
    for (const VkLayerInstanceCreateInfo *each = chain; each; each = each->pNext) // both kinds begin alike
        if (each->sType == type && each->function == VK_LAYER_LINK_INFO) return (void *)each;
    return NULL;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator,
                                                      VkInstance *created) {
    VkLayerInstanceCreateInfo *link = link_in(info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
    next_of_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result = ((PFN_vkCreateInstance)next_of_instance(NULL, "vkCreateInstance"))(info, allocator, created);
    if (result != VK_SUCCESS) return result;
#define NEXT(name) ((PFN_##name)next_of_instance(*created, #name))
    next.create_device = NEXT(vkCreateDevice);
    next.get_features = NEXT(vkGetPhysicalDeviceFeatures2);
    next.get_memory = NEXT(vkGetPhysicalDeviceMemoryProperties);
    next.get_memory2 = NEXT(vkGetPhysicalDeviceMemoryProperties2);
    next.get_properties = NEXT(vkGetPhysicalDeviceProperties2);
    return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice card, const VkDeviceCreateInfo *info,
                                                    const VkAllocationCallbacks *allocator, VkDevice *created) {
    VkLayerDeviceCreateInfo *link = link_in(info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
    next_of_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR feature = {
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, (void *)info->pNext, VK_TRUE};
    uint32_t count = info->enabledExtensionCount;
    const char **extensions = calloc(count + 1, sizeof *extensions);
    for (uint32_t i = 0; i < count; i++) extensions[i] = info->ppEnabledExtensionNames[i];
    extensions[count] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
    VkDeviceCreateInfo with = *info;
    with.pNext = &feature;
    with.ppEnabledExtensionNames = extensions;
    with.enabledExtensionCount = count + 1;
    VkResult result = next.create_device(card, &with, allocator, created);
    free(extensions);
    if (result != VK_SUCCESS) return result;
    device = *created;
    write_driver(card);
    return result;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL of_instance(VkInstance on, const char *name);
static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL of_device(VkDevice on, const char *name);

static PFN_vkVoidFunction ours(const char *name) {
    static const struct {
        const char *name;
        PFN_vkVoidFunction function;
    } all[] = {
#define OURS(name, function) {name, (PFN_vkVoidFunction)function}
        OURS("vkGetInstanceProcAddr", of_instance),
        OURS("vkGetDeviceProcAddr", of_device),
        OURS("vkCreateInstance", create_instance),
        OURS("vkCreateDevice", create_device),
        OURS("vkCreateComputePipelines", create_pipelines),
        OURS("vkGetPhysicalDeviceFeatures2", get_features),
        OURS("vkGetPhysicalDeviceFeatures2KHR", get_features),
        OURS("vkGetPhysicalDeviceMemoryProperties", get_memory),
        OURS("vkGetPhysicalDeviceMemoryProperties2", get_memory2),
        OURS("vkGetPhysicalDeviceMemoryProperties2KHR", get_memory2),
        OURS("vkGetBufferMemoryRequirements", get_needs),
        OURS("vkGetBufferMemoryRequirements2", get_needs2),
        OURS("vkGetBufferMemoryRequirements2KHR", get_needs2),
    };
    for (size_t i = 0; i < COUNT(all); i++) if (!strcmp(name, all[i].name)) return all[i].function;
    return computes(name) ? (PFN_vkVoidFunction)do_nothing : NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL of_device(VkDevice on, const char *name) {
    PFN_vkVoidFunction function = ours(name);
    return function ? function : next_of_device(on, name);
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL of_instance(VkInstance on, const char *name) {
    PFN_vkVoidFunction function = ours(name);
    return function ? function : next_of_instance ? next_of_instance(on, name) : NULL;
}

VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *version) {
    version->loaderLayerInterfaceVersion = 2;
    version->pfnGetInstanceProcAddr = of_instance;
    version->pfnGetDeviceProcAddr = of_device;
    version->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
