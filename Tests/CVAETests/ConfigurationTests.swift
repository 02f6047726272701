import CVAE
import Foundation
import Testing

@Suite struct ConfigurationTests {
  @Test func hiddenLayersAreMirrored() {
    let configuration = VAE.Configuration(input: 784, hidden: [400, 200], latent: 20, activation: .silu)
    #expect(configuration.encoder == [VAE.Layer(400, .silu), VAE.Layer(200, .silu)])
    #expect(configuration.decoder == [VAE.Layer(200, .silu), VAE.Layer(400, .silu)])
    #expect(configuration.likelihood == .bernoulli)
  }

  @Test(arguments: [
    VAE.Configuration(input: 5, hidden: [4, 3], latent: 2, activation: .gelu),
    VAE.Configuration(
      inputDimension: 7, latentDimension: 1, encoder: [VAE.Layer(3, .leakyReLU)], decoder: [],
      likelihood: .gaussian(sigma: 0.5, outputActivation: .sigmoid)),
    VAE.Configuration(input: 3, hidden: [], latent: 3, likelihood: .gaussian()),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, likelihood: .gaussian(learned: .perOutput)),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, likelihood: .laplace(learned: .global, outputActivation: .elu)),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, likelihood: .logCosh(sigma: 0.5)),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, likelihood: .continuousBernoulli),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, likelihood: .poisson),
    VAE.Configuration(input: 5, hidden: [2], latent: 1, likelihood: .categorical(groups: [3, 2])),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, likelihood: .negativeBinomial),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, likelihood: .studentT(outputActivation: .tanh)),
    VAE.Configuration(input: 3, condition: 2, hidden: [2], latent: 1),
    VAE.Configuration(
      inputDimension: 3, conditionDimension: 4, latentDimension: 2, encoder: [], decoder: [VAE.Layer(2)],
      prior: .conditional([VAE.Layer(5, .tanh), VAE.Layer(3, .silu)])),
    VAE.Configuration(input: 3, condition: 1, hidden: [], latent: 1, prior: .conditional([])),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, prior: .mixture(components: 4)),
    VAE.Configuration(input: 3, hidden: [2], latent: 1, prior: .vamp(components: 5)),
  ])
  func roundTrips(_ configuration: VAE.Configuration) throws {
    let model = try VAE(configuration)
    #expect(model.configuration == configuration)
    #expect(try VAE(bytes: model.serialized()).configuration == configuration)
    let json = try JSONEncoder().encode(configuration)
    #expect(try JSONDecoder().decode(VAE.Configuration.self, from: json) == configuration)
  }

  @Test func modelFileAndCodableAgree() throws {
    let configuration = VAE.Configuration(
      input: 6, hidden: [5], latent: 2, likelihood: .gaussian(sigma: 0.25, outputActivation: .relu))
    let model = try VAE(configuration)
    let training = TrainingConfiguration(
      batchSize: 3, objective: .elbo(samples: 2, beta: 4), learningRate: 0.01, beta1: 0.8, beta2: 0.9, epsilon: 1e-6,
      seed: 7)
    try Trainer(model, configuration: training).fitBlocking([Float](repeating: 0.5, count: 6 * 4), epochs: 1)
    let bytes = try model.serialized()
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: Data(bytes[8..<(8 + length)])) as? [String: Any]
    let metadata = try #require(header?["__metadata__"] as? [String: String])
    let text = try #require(metadata["libvae.config"])
    var config = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let trained = config.removeValue(forKey: "training")
    let trainingJSON = try JSONSerialization.data(withJSONObject: #require(trained))
    let configJSON = try JSONSerialization.data(withJSONObject: config)
    #expect(try JSONDecoder().decode(VAE.Configuration.self, from: configJSON) == configuration)
    #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: trainingJSON) == training)
    // And what Swift writes has exactly the keys of the file.
    let written = try JSONSerialization.jsonObject(with: JSONEncoder().encode(configuration)) as? [String: Any]
    #expect(written?.keys.sorted() == config.keys.sorted())
  }

  @Test func unknownKeysAndNamesAreErrors() {
    func decode(_ json: String) throws -> VAE.Configuration {
      try JSONDecoder().decode(VAE.Configuration.self, from: Data(json.utf8))
    }
    let good = #"{"input_dim":2,"latent_dim":1,"encoder":[],"decoder":[],"likelihood":"bernoulli"}"#
    #expect(throws: Never.self) { try decode(good) }
    #expect(throws: DecodingError.self) { try decode(good.replacing("input_dim", with: "inputs")) }
    #expect(throws: DecodingError.self) { try decode(good.replacing("}", with: #","gamma":1}"#)) }
    #expect(throws: DecodingError.self) { try decode(good.replacing("bernoulli", with: "cauchy")) }
    #expect(throws: DecodingError.self) { try decode(good.replacing("}", with: #","condition_dim":"three"}"#)) }
    #expect(throws: DecodingError.self) { try decode(good.replacing("}", with: #","sigma":"wide"}"#)) }
    #expect(throws: DecodingError.self) { try decode(good.replacing("}", with: #","sigma":"fixed"}"#)) }
  }

  @Test func namesRoundTrip() {
    #expect(VAE.Activation.allCases.count >= 9)
    for activation in VAE.Activation.allCases { #expect(VAE.Activation(activation.description) == activation) }
    #expect(VAE.Activation("leaky_relu") == .leakyReLU)
    #expect(VAE.Activation("ReLU") == nil)
    #expect(VAE.Likelihood.Kind("gaussian") == .gaussian)
    #expect(VAE.Likelihood.Kind.allCases.count >= 7)
    for kind in VAE.Likelihood.Kind.allCases { #expect(VAE.Likelihood.Kind(kind.description) == kind) }
    #expect(VAE.Likelihood.SigmaKind("per_output") == .perOutput)
    #expect(VAE.Likelihood.located(.poisson) == nil)
    #expect(VAE.Likelihood.located(.laplace, learned: .global) == .laplace(learned: .global))
    #expect(VAE.Objective.Kind("iwae") == .importanceWeighted)
    #expect(VAE.Likelihood.Kind.allCases.contains(.studentT))
    #expect(VAE.Prior("standard") == .standard)
    for kind in VAE.Prior.Kind.allCases { #expect(VAE.Prior.Kind(kind.description) == kind) }
    #expect(VAE.Prior.Kind.allCases.count >= 4)
    #expect(VAE.Objective.Estimator("doubly_reparameterized") == .doublyReparameterized)
    #expect(VAE.Objective.Regularizer.Kind("dip_ii") == .dipII)
    #expect(VAE.Objective.Regularizer.Kind.allCases.count >= 7)
    #expect(InstructionSet("auto") == .automatic)
    #expect(InstructionSet.available.contains(.portable))
    #expect(!InstructionSet.available.contains(.automatic))
    #expect(CVAE.version.split(separator: ".").count == 3)
  }

  @Test(arguments: [
    (VAE.Configuration(input: 4, hidden: [3], latent: 0), "latent"),
    (VAE.Configuration(input: 0, hidden: [3], latent: 1), "input"),
    (VAE.Configuration(input: 4, hidden: [0], latent: 1), "units"),
    (VAE.Configuration(input: 4, hidden: [3], latent: -1), "latentDimension is -1; it must lie between 0 and"),
    (VAE.Configuration(input: 1 << 40, hidden: [3], latent: 1), "inputDimension is 1099511627776"),
    (VAE.Configuration(input: 4, hidden: [Int](repeating: 2, count: 65), latent: 1), "65"),
    (VAE.Configuration(input: 4, hidden: [3], latent: 1, likelihood: .gaussian(sigma: 0)), "sigma"),
    (VAE.Configuration(input: 4, hidden: [3], latent: 1, likelihood: .gaussian(sigma: .nan)), "sigma"),
    (
      VAE.Configuration(input: 4, hidden: [3], latent: 1, likelihood: .categorical(groups: [3])),
      "groups have 3 columns"
    ),
    (VAE.Configuration(input: 4, hidden: [3], latent: 1, likelihood: .categorical(groups: [-1])), "columns of a group"),
    (VAE.Configuration(input: 4, condition: -1, hidden: [3], latent: 1), "conditionDimension is -1"),
    (VAE.Configuration(input: 4, condition: 1 << 30, hidden: [3], latent: 1), "condition_dim"),
    (VAE.Configuration(input: 4, hidden: [3], latent: 1, prior: .conditional([])), "condition"),
    (VAE.Configuration(input: 4, hidden: [3], latent: 1, prior: .mixture(components: 0)), "prior_components"),
    (VAE.Configuration(input: 4, hidden: [3], latent: 1, prior: .vamp(components: -2)), "components is -2"),
    (VAE.Configuration(input: 4, condition: 2, hidden: [3], latent: 1, prior: .vamp(components: 2)), "condition"),
  ])
  func badConfigurationsAreRefused(_ configuration: VAE.Configuration, _ part: String) throws {
    let error = try #require(thrownError { _ = try VAE(configuration) })
    #expect(error.code == .invalidArgument)
    #expect(error.message.contains(part), "\(error.message)")
    #expect(!error.message.contains("\n"))
  }

  @Test func badTrainingIsRefused() throws {
    let model = try VAE(smallConfiguration)
    let bad: [TrainingConfiguration] = [
      TrainingConfiguration(batchSize: 0), TrainingConfiguration(batchSize: -3),
      TrainingConfiguration(learningRate: 0), TrainingConfiguration(learningRate: .nan),
      TrainingConfiguration(beta1: 1), TrainingConfiguration(epsilon: 0), TrainingConfiguration(threads: -1),
      TrainingConfiguration(objective: .elbo(samples: 0)), TrainingConfiguration(objective: .elbo(beta: -1)),
      TrainingConfiguration(objective: .importanceWeighted(samples: -1)),
    ]
    for configuration in bad {
      let error = thrownError { _ = try Trainer(model, configuration: configuration) }
      #expect(error?.code == .invalidArgument, "\(configuration)")
    }
  }

  @Test func trainingConfigurationHasTheLibrarysDefaults() throws {
    let training = TrainingConfiguration()
    #expect(training.batchSize == 128)
    #expect(training.objective == .elbo)
    #expect(training.learningRate == 1e-3)
    #expect(try Trainer(VAE(smallConfiguration)).configuration == training)
  }
}
