#ifndef PGM_CRDKAFKA_SHIM_H
#define PGM_CRDKAFKA_SHIM_H
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdint.h>

/* rd_kafka_producev is variadic, which Swift cannot call. Key and value are copied; a NULL pointer is "none".
 * The headers become librdkafka's own on success and stay the caller's on failure. */
static inline rd_kafka_resp_err_t pgm_rd_kafka_produce(rd_kafka_t *client, const char *topic, int32_t partition,
                                                       const void *key, size_t key_size, const void *value,
                                                       size_t value_size, rd_kafka_headers_t *headers,
                                                       uintptr_t identifier) {
    return rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
                             RD_KAFKA_V_VALUE((void *)value, value_size), RD_KAFKA_V_HEADERS(headers),
                             RD_KAFKA_V_OPAQUE((void *)identifier), RD_KAFKA_V_END);
}
#endif
