/* Reads the reference vectors (safetensors with a `spec` in the metadata). Independent of csrc/io on purpose: one
 * reader must not excuse the other. The files are our own, so only their lengths are checked. */
#ifndef VAE_TESTS_VECTORS_H
#define VAE_TESTS_VECTORS_H

#include <stddef.h>

#include "support.h"

enum { VECTOR_NAME = 96, VECTOR_MESSAGE = 256 };

/* A tensor, whatever its type was, as float64. */
typedef struct vector_tensor {
  char name[VECTOR_NAME];
  size_t rank;
  size_t shape[4];
  size_t count;
  double *values;
} vector_tensor;

typedef struct vectors {
  test_spec spec;
  size_t batch;
  double learning_rate, beta1, beta2, epsilon; /* Adam's, as the spec says or its defaults */
  vector_tensor *tensors;
  size_t count;
  char message[VECTOR_MESSAGE]; /* what is wrong where vectors_read failed */
} vectors;

/* 1 where the file was read, else 0 and a message. To be freed in both cases. */
int vectors_read(vectors *file, const char *path);
void vectors_free(vectors *file);

/* The tensor called prefix + name, or NULL. */
const vector_tensor *vectors_find(const vectors *file, const char *prefix, const char *name);

/* Its values rounded to float; the caller frees. NULL where there is no such tensor. */
float *vectors_floats(const vectors *file, const char *prefix, const char *name);

#endif
